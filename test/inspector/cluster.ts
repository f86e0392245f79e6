/** A cluster of real processes on a real server, for the inspector's tests and pictures. */
import { mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { fourstroke, type Running, start } from "../cli/fourstroke.ts";

const flows = resolve(import.meta.dirname, "../cli/fixtures/jobs.js");

export interface Member {
  readonly folder: string;
  readonly it: Running;
}

export class TestCluster {
  readonly cwd: string;
  readonly nats: readonly string[];
  readonly #members: Member[] = [];

  readonly #file: string;

  /** @param file - of the flows that its conductors and workers have */
  constructor(cwd: string, nats: readonly string[], file = flows) {
    this.cwd = cwd;
    this.nats = nats;
    this.#file = file;
  }

  /** Starts a process of a verb in a folder of its own; resolves once it is ready. */
  async stay(
    verb: "conductor" | "node",
    name: string,
    ...args: readonly string[]
  ): Promise<Member> {
    const folder = join(this.cwd, name);
    mkdirSync(folder);
    const it = start(folder, [verb, this.#file, "--name", name, ...this.nats, ...args]);
    const member = { folder, it };
    this.#members.push(member);
    await it.until(`${name} is ready`, () => it.stdout.includes("ready"));
    return member;
  }

  /** @returns what to open */
  async inspect(...args: readonly string[]): Promise<string> {
    const it = start(this.cwd, ["inspect", "--port", "0", ...this.nats, ...args]);
    this.#members.push({ folder: this.cwd, it });
    await it.until("it listens", () => it.stdout.includes("\n"));
    return /http:\S+/.exec(it.stdout)?.[0] ?? "";
  }

  async post(flow: string, id: string, store: object = {}): Promise<void> {
    const args = ["post", flow, "--id", id, "--store", JSON.stringify(store), ...this.nats];
    const { code, stderr } = await fourstroke(this.cwd, args);
    if (code !== 0) throw new Error(stderr);
  }

  async close(): Promise<void> {
    for (const { it } of this.#members) it.signal("SIGKILL");
    await Promise.all(this.#members.map(async ({ it }) => it.ended));
  }
}
