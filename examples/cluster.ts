/**
 * A whole cluster on this machine, by `npm run cluster`: three nats-servers, two conductors, two workers, a producer.
 * While forty orders are on their way a conductor and a worker are killed with kill -9; every order ends all the same.
 *
 * The processes are those of the command line; docs/cluster.md says how to run them for real.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";
import { connectNats, type Jobboard, natsJobboard, natsJournal, readFlow } from "../lib/index.ts";
import { reservePorts } from "./cluster/ports.ts";

const root = resolve(import.meta.dirname, "../..");
const orders = 40;
const dir = mkdtempSync(join(tmpdir(), "fourstroke-cluster-"));
const children = new Set<ChildProcess>();

const say = (text: string): void => {
  console.log(text);
};

/** Starts a program; resolves when it has said that it is ready. */
async function start(
  command: string,
  args: readonly string[],
  ready: RegExp,
): Promise<ChildProcess> {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] });
  children.add(child);
  const said: string[] = [];
  await new Promise<void>((go, fail) => {
    for (const stream of [child.stdout, child.stderr]) {
      createInterface(stream).on("line", (line) => {
        said.push(line);
        if (ready.test(line)) go();
      });
    }
    child.once("exit", (code) => {
      children.delete(child);
      fail(new Error(`${command} ended with ${code}:\n${said.join("\n")}`));
    });
    child.once("error", fail);
  });
  return child;
}

/** Three servers that keep each entry on all of them. @returns their URLs */
async function startServers(): Promise<string> {
  const finder = pathToFileURL(join(root, "scripts/nats-server.mjs")).href;
  const { natsServer } = (await import(finder)) as {
    natsServer: (options: { say: (line: string) => void }) => Promise<string>;
  };
  const program = await natsServer({ say });
  const routePorts = await reservePorts(3);
  const ports = await reservePorts(3);
  const routes = routePorts.map((port) => `"nats://127.0.0.1:${port}"`).join(", ");
  await Promise.all(
    [0, 1, 2].map(async (n) => {
      const config = join(dir, `nats-${n}.conf`);
      writeFileSync(
        config,
        `server_name: "nats-${n}"\nlisten: "127.0.0.1:${ports[n]}"\n` +
          `jetstream { store_dir: ${JSON.stringify(join(dir, `nats-${n}`))} }\n` +
          `cluster { name: example, listen: "127.0.0.1:${routePorts[n]}", routes: [${routes}] }\n`,
      );
      return start(program, ["-c", config], /Server is ready/);
    }),
  );
  return ports.map((port) => `nats://127.0.0.1:${port}`).join(",");
}

const verb = (name: string, ...args: readonly string[]): Promise<ChildProcess> =>
  start(
    process.execPath,
    [
      join(root, "build/lib/cli/main.js"),
      name,
      join(import.meta.dirname, "cluster/flow.js"),
      ...args,
    ],
    /\bup\b|ready|serves|claims/i,
  );

async function produce(board: Jobboard): Promise<readonly string[]> {
  const ids = Array.from({ length: orders }, (_, at) => `order-${at + 1}`);
  await Promise.all(
    ids.map((id, at) =>
      board.post({ id, flow: "order", store: { order: at + 1, pieces: 1 + (at % 4) } }),
    ),
  );
  return ids;
}

async function main(): Promise<void> {
  const urls = await startServers();
  say("three nats-servers are up; each entry is on all of them");
  const nats = ["--nats", urls, "--replicas", "3"];
  const conductor = (name: string) =>
    verb("conductor", ...nats, "--name", name, "--max-flows", "10", "--worker-lease-ms", "3000");
  const worker = (name: string) =>
    verb("node", "--nats", urls, "--name", name, "--concurrency", "8", "--lease-ms", "3000");
  const [first, , doomed] = await Promise.all([
    conductor("conductor-1"),
    conductor("conductor-2"),
    worker("worker-1"),
    worker("worker-2"),
  ]);
  say("two conductors and two workers are up");
  const transport = await connectNats({ servers: urls.split(",") });
  const board = await natsJobboard(transport, { replicas: 3 });
  const journal = natsJournal(transport, { replicas: 3 });
  const ids = await produce(board);
  say(`${ids.length} orders are posted`);
  await board.wait(ids[4] ?? "");
  first.kill("SIGKILL");
  doomed.kill("SIGKILL");
  say("kill -9: one conductor and one worker are gone");
  const jobs = await Promise.all(ids.map((id) => board.wait(id)));
  for (const state of new Set(jobs.map(({ end }) => end?.state))) {
    say(`${jobs.filter(({ end }) => end?.state === state).length} orders ended ${state}`);
  }
  say(`${jobs.filter(({ claims }) => claims > 1).length} of them had more than one owner`);
  const last = await readFlow(journal, "order-40");
  say(`order-40: ${String(last.atom("send").result)}`);
  await board.close();
  await journal.close();
  await transport[Symbol.asyncDispose]();
}

try {
  await main();
} finally {
  for (const child of children) child.kill("SIGKILL");
  rmSync(dir, { recursive: true, force: true });
}
