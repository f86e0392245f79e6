/**
 * The main demo: a server is created on this machine, on real work. It fails on purpose and undoes itself, is killed
 * with kill -9, resumes in another process, and ends with a table of what happened.
 *
 * `node build/examples/create-server.js [--dir DIR]`. With a DIR that an interrupted demo has left, it goes on there.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { serveCloud } from "./create-server/cloud.ts";
import { runFlow } from "./create-server/runner.ts";
import { stopMachines } from "./create-server/machine.ts";
import { say, showChange, showTable } from "./create-server/show.ts";

const { values, positionals } = parseArgs({
  options: { dir: { type: "string" } },
  allowPositionals: true,
});

/** Another role of this file, in a process of its own that ends when this one does. */
function start(role: string, ...args: string[]): ChildProcess {
  const self = fileURLToPath(import.meta.url);
  return spawn(process.execPath, [self, role, ...args], { stdio: ["pipe", "pipe", "inherit"] });
}

const ended = (child: ChildProcess): Promise<number | null> =>
  new Promise((resolve) => child.once("exit", resolve));

/** The first line that a process prints. */
async function firstLine(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new Error("a process without output");
  for await (const line of createInterface(child.stdout)) return line;
  throw new Error("a process ended before it said anything");
}

/** Shows what the runner's flow does. True once it has ended; false if it was killed on the way. */
async function watch(runner: ChildProcess, kills: () => boolean): Promise<boolean> {
  let done = false;
  const exit = ended(runner);
  if (runner.stdout === null) throw new Error("a process without output");
  for await (const line of createInterface(runner.stdout)) {
    const change = JSON.parse(line) as Parameters<typeof showChange>[0];
    if ("done" in change) {
      done = true;
      continue;
    }
    showChange(change);
    const comesUp = change.atom === "wait-until-up" && change.state === "RUNNING";
    if (comesUp && !done && kills()) {
      say("kill", `kill -9 ${runner.pid ?? ""}: the process that runs the flow is gone`);
      runner.kill("SIGKILL");
    }
  }
  const code = await exit;
  if (code !== 0 && code !== null) throw new Error(`the runner ended with code ${code}`);
  return done;
}

async function drive(dir: string): Promise<void> {
  mkdirSync(dir, { recursive: true });
  const cloud = start("cloud", dir);
  const url = await firstLine(cloud);
  const marker = join(dir, "killed");
  const killOnce = (): boolean => {
    if (existsSync(marker)) return false;
    writeFileSync(marker, "");
    return true;
  };
  say(
    "title",
    "Creating a server: a flow of six tasks, with a retry controller that picks the flavour",
  );
  let runner = start("runner", dir, url);
  while (!(await watch(runner, killOnce))) {
    say("title", "A new process resumes the flow from its journal");
    runner = start("runner", dir, url);
  }
  await showTable(dir);
  stopMachines(dir);
  cloud.kill();
}

async function main(): Promise<void> {
  const [role, dir = "", url = ""] = positionals;
  if (role === "cloud") return serveCloud(dir);
  if (role === "runner") return runFlow(dir, url);
  const own = values.dir === undefined;
  const place = values.dir ?? mkdtempSync(join(tmpdir(), "fourstroke-demo-"));
  await drive(place);
  if (own) rmSync(place, { recursive: true });
}

await main();
