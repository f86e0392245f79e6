/** A cluster of real processes, for tests that take them away. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Test } from "tap";
import {
  connectNats,
  type Jobboard,
  type Journal,
  natsJobboard,
  natsJournal,
} from "../../lib/index.ts";
import type { TestServer } from "../nats/server.ts";

export interface ConductorLine {
  /** Epoch milliseconds. */
  readonly at: number;
  readonly kind: string;
  readonly job: string;
  readonly from: string;
}

export interface Process {
  readonly child: ChildProcess;
  readonly name: string;
  /** Of a conductor: what it said. */
  readonly lines: ConductorLine[];
  readonly owner: () => string | undefined;
}

/** A call of a task, as the ledger holds it. */
export interface Called {
  readonly at: number;
  readonly pid: number;
  readonly key: string;
}

export interface StormOptions {
  readonly leaseMs?: number;
  readonly taskMs?: number;
  readonly prefix?: string;
}

export class Storm {
  readonly servers: readonly TestServer[];
  readonly ledger: string;
  readonly replicas: number;
  readonly leaseMs: number;
  /** The most that a task of `ten` takes. */
  readonly taskMs: number;
  /** Of all names on the servers: those who have another one know nothing of each other. */
  readonly prefix: string;
  readonly said: string[] = [];
  readonly #t: Test;

  constructor(
    t: Test,
    servers: readonly TestServer[],
    { leaseMs = 2_000, taskMs = 40, prefix = "fs" }: StormOptions = {},
  ) {
    this.taskMs = taskMs;
    this.prefix = prefix;
    this.#t = t;
    this.servers = servers;
    this.replicas = servers.length;
    this.leaseMs = leaseMs;
    this.ledger = join(t.testdir({ ledger: "" }), "ledger");
    writeFileSync(this.ledger, "");
  }

  get urls(): readonly string[] {
    return this.servers.map(({ url }) => url);
  }

  conductor(name: string, engine: "workers" | "parallel" = "workers"): Promise<Process> {
    return this.conductorOf("conductor", name, engine);
  }

  /** One of another program. */
  conductorOf(file: string, name: string, ...args: readonly string[]): Promise<Process> {
    return this.#start(file, name, String(this.replicas), String(this.leaseMs), ...args);
  }

  worker(name: string): Promise<Process> {
    return this.#start("worker", name, name, String(this.leaseMs));
  }

  /** Journal and board as an onlooker has them. */
  async open(): Promise<{ readonly journal: Journal; readonly board: Jobboard }> {
    const { replicas, prefix } = this;
    const transport = await connectNats({ servers: this.urls, prefix });
    const board = await natsJobboard(transport, { replicas, patienceMs: 30_000 });
    const journal = natsJournal(transport, { replicas, patienceMs: 30_000 });
    this.#t.teardown(async () => {
      await board.close();
      await journal.close();
      await transport[Symbol.asyncDispose]();
    });
    return { journal, board };
  }

  calls(): Called[] {
    const lines = readFileSync(this.ledger, "utf8").trimEnd().split("\n");
    return lines.filter(Boolean).map((line) => {
      const [at, pid, ...key] = line.split(" ");
      return { at: Number(at), pid: Number(pid), key: key.join(" ") };
    });
  }

  async #start(file: string, name: string, ...args: readonly string[]): Promise<Process> {
    const path = join(import.meta.dirname, `fixtures/${file}.js`);
    const child = spawn(process.execPath, [path, this.urls.join(","), ...args], {
      stdio: ["ignore", "pipe", "pipe"],
      env: {
        ...process.env,
        FOURSTROKE_LEDGER: this.ledger,
        FOURSTROKE_PREFIX: this.prefix,
        FOURSTROKE_TASK_MS: String(this.taskMs),
      },
    });
    this.#t.teardown(() => child.kill("SIGKILL"));
    const lines: ConductorLine[] = [];
    let owner: string | undefined;
    createInterface({ input: child.stderr }).on("line", (line) =>
      this.said.push(`${name}: ${line}`),
    );
    const reader = createInterface({ input: child.stdout });
    const up = new Promise<void>((resolve, reject) => {
      reader.on("line", (line) => {
        const [at = "", kind = "", job = "", from = ""] = line.split(" ");
        if (kind === "up") owner = job;
        else lines.push({ at: Number(at), kind, job, from });
        resolve();
      });
      child.once("exit", (code, signal) => {
        reject(
          new Error(`${name} ended with ${code ?? signal}:\n${this.said.slice(-20).join("\n")}`),
        );
      });
    });
    await up;
    return { child, name, lines, owner: () => owner };
  }
}

/** Resolves when it is gone. */
export async function end({ child }: Process, signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill(signal);
  await exited;
}

/** What is wrong with a flow's journal, held against the ledger: G1, G3, G4. */
export async function faultsOf(
  journal: Journal,
  flow: string,
  calls: readonly Called[],
): Promise<string[]> {
  const faults: string[] = [];
  const recorded = new Map<string, number>();
  let epoch = 0;
  const batches = await journal.read(flow);
  const [created] = batches[0]?.records ?? [];
  const atoms = created?.kind === "created" ? created.blueprint.atoms : [];
  batches.forEach((batch, index) => {
    if (batch.epoch < epoch) faults.push(`${flow}: epoch ${batch.epoch} after ${epoch}`);
    epoch = batch.epoch;
    // What comes after the next batch's time comes after this one was durable.
    const durableAt = batches[index + 1]?.at ?? Number.POSITIVE_INFINITY;
    for (const record of batch.records) {
      if (record.kind !== "executed") continue;
      const key = `${flow}/${atoms[record.atom]?.name}/execute/${record.attempt}`;
      if (recorded.has(key)) faults.push(`${key} is recorded twice`);
      recorded.set(key, durableAt);
    }
  });
  for (const { key, at, pid } of calls) {
    const durableAt = recorded.get(key);
    if (durableAt !== undefined && at > durableAt) {
      faults.push(`${key} ran in ${pid} ${at - durableAt} ms after it was recorded`);
    }
  }
  return faults;
}
