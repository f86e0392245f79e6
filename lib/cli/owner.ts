/**
 * Who runs a flow: the command line's processes sign as owners with what tells whether they still live.
 *
 * A journal lets anybody adopt any flow, which fences whoever ran it. That is right after a crash; it is not what
 * `resume --all` in a second terminal is meant to do to the first.
 */
import { readFileSync } from "node:fs";
import { hostname } from "node:os";

const pattern = /^cli:(?<host>[^:]*):(?<pid>\d+):(?<birth>.*)$/;

/** This process, as an owner. */
export const ownerName = (): string =>
  `cli:${hostname()}:${process.pid}:${birthOf(process.pid) ?? ""}`;

/** Words for the owner if it is another process of this machine that is alive; undefined if not, or not known. */
export function livingOwner(owner: string): string | undefined {
  const known = processOf(owner);
  return known?.lives === true && known.pid !== process.pid ? `process ${known.pid}` : undefined;
}

/** Words for the owner if it was a process of this machine and is no more; undefined if it lives, or isn't known. */
export function deadOwner(owner: string): string | undefined {
  const known = processOf(owner);
  return known?.lives === false ? `process ${known.pid}` : undefined;
}

function processOf(owner: string): { readonly pid: number; readonly lives: boolean } | undefined {
  const { host, pid, birth } = pattern.exec(owner)?.groups ?? {};
  if (host !== hostname()) return undefined;
  const number = Number(pid);
  if (!isAlive(number)) return { pid: number, lives: false };
  const now = birthOf(number);
  // Numbers of processes are used again, soonest in containers.
  return { pid: number, lives: birth === "" || now === undefined || now === birth };
}

/** Whether the owner was a process of this machine, run by the command line, that is there no more. */
export function goneOwner(owner: string): boolean {
  const { host, pid } = pattern.exec(owner)?.groups ?? {};
  const isOwn = host === hostname() && Number(pid) === process.pid;
  return host === hostname() && !isOwn && livingOwner(owner) === undefined;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** What no later process of this number has: this boot, and the tick it started at. Only on Linux. */
function birthOf(pid: number): string | undefined {
  try {
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").slice(0, 8);
    const line = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The second field is the command's name, which may hold spaces and brackets.
    const fields = line.slice(line.lastIndexOf(")") + 2).split(" ");
    return `${boot}-${fields[19] ?? ""}`;
  } catch {
    return undefined;
  }
}
