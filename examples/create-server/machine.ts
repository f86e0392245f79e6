/**
 * The servers that the flow creates: real processes of this machine, which serve their volume on loopback. A file per
 * server says who it is; it is claimed by creating it, so that a key never gets two.
 */
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

export interface Machine {
  readonly pid: number;
  readonly port: number;
}

// A server, as a program: claims its file, listens, says where. Nobody needs it for longer than two minutes.
const program = `
const { createServer } = require("node:http");
const { openSync, writeSync, createReadStream, renameSync } = require("node:fs");
const [file, volume] = process.argv.slice(1);
const claim = file + ".claim";
try { openSync(claim, "wx"); } catch { process.exit(0); }
const server = createServer((request, response) => {
  if (request.url === "/health") response.end("up");
  else createReadStream(volume).pipe(response);
});
server.listen(0, "127.0.0.1", () => {
  const draft = openSync(file + ".draft", "w");
  writeSync(draft, JSON.stringify({ pid: process.pid, port: server.address().port }));
  renameSync(file + ".draft", file);
});
setTimeout(() => process.exit(0), 120_000);
`;

const folderOf = (dir: string): string => join(dir, "machines");

const fileOf = (dir: string, key: string): string =>
  join(folderOf(dir), `${encodeURIComponent(key)}.json`);

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

/** Starts the server of this key, or finds it. */
export async function startMachine(
  dir: string,
  key: string,
  volume: string,
  signal: AbortSignal,
): Promise<Machine> {
  mkdirSync(folderOf(dir), { recursive: true });
  const file = fileOf(dir, key);
  const child = spawn(process.execPath, ["-e", program, file, volume], {
    detached: true,
    stdio: "ignore",
  });
  child.unref();
  while (!existsSync(file)) {
    signal.throwIfAborted();
    await shortPause();
  }
  return JSON.parse(readFileSync(file, "utf8")) as Machine;
}

/** Gives other things in the process a turn. */
const shortPause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20));

export function stopMachine({ pid }: Machine): void {
  if (isAlive(pid)) process.kill(pid);
}

/** Stops every server that was ever started in this folder. */
export function stopMachines(dir: string): void {
  const folder = folderOf(dir);
  if (!existsSync(folder)) return;
  for (const name of readdirSync(folder)) {
    if (!name.endsWith(".json")) continue;
    stopMachine(JSON.parse(readFileSync(join(folder, name), "utf8")) as Machine);
  }
}
