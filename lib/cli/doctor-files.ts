/** What "durable" means for the files of a folder. */
import { existsSync, statSync } from "node:fs";
import { statfs } from "node:fs/promises";
import { join, resolve } from "node:path";
import { openDatabase } from "../journal/sqlite/driver.ts";
import { bytes, type Finding } from "./findings.ts";
import { oneLine } from "./text.ts";

/** A file larger than this is not read as a whole, in bytes. */
const mostChecked = 1_073_741_824;

/** Less free space than this is worth a word, in bytes. */
const leastFree = 256 * 1_048_576;

/** File systems of other machines: their shared memory and locks are not what a write-ahead log needs. */
const remote = new Map([
  [0x6969, "NFS"],
  [0xff534d42, "CIFS"],
  [0xfe534d42, "SMB"],
  [0x65735546, "FUSE"],
  [0x01021997, "9p"],
]);
/** In memory. */
const volatile = new Map([
  [0x01021994, "tmpfs"],
  [0x858458f6, "ramfs"],
]);

const files = [
  ["journal.db", "flows' records"],
  ["jobs.db", "jobs and leases"],
] as const;

export async function examineFolder(
  dir: string,
  durability: "disk" | "process" = "disk",
): Promise<readonly Finding[]> {
  return [
    durabilityOf(durability),
    await spaceOf(resolve(dir)),
    ...files.flatMap(([name, what]) => examineFile(join(dir, name), what)),
  ];
}

function durabilityOf(durability: "disk" | "process"): Finding {
  const survives =
    durability === "disk"
      ? "what is shown survives a power cut: each commit waits until the disk says that it has it (SQLite, WAL, synchronous=FULL)"
      : "what is shown survives the end of the process, kill -9 too; a power cut loses the last moments, never more (SQLite, WAL, synchronous=NORMAL)";
  const text = `with --durability ${durability}, ${survives}; every process decides this for what it writes`;
  return { level: "fact", subject: "durability", text, about: { durability } };
}

async function spaceOf(dir: string): Promise<Finding> {
  const { bavail, bsize, type } = await statfs(dir);
  const free = bavail * bsize;
  const far = remote.get(type);
  const inMemory = volatile.get(type);
  const about = { free, fileSystem: far ?? inMemory ?? null };
  const text = `${bytes(free)} are free`;
  const subject = oneLine(dir);
  if (far !== undefined) {
    const problem = `it is on ${far}, where several processes can't share a write-ahead log safely; ${text}`;
    return { level: "warning", subject, text: problem, about };
  }
  if (inMemory !== undefined) {
    const problem = `it is on ${inMemory}, which is gone when the machine is; ${text}`;
    return { level: "warning", subject, text: problem, about };
  }
  return { level: free < leastFree ? "warning" : "good", subject, text, about };
}

function examineFile(file: string, what: string): Finding[] {
  const subject = oneLine(file);
  if (!existsSync(file)) {
    return [
      { level: "fact", subject, text: `there is none yet: no ${what}`, about: { size: null } },
    ];
  }
  const size = sizeOf(file);
  const log = sizeOf(`${file}-wal`);
  const about = { size, log };
  const text = `${what}, ${bytes(size)} and ${bytes(log)} in its log`;
  if (size > mostChecked) {
    return [{ level: "fact", subject, text: `${text}; too large to be checked here`, about }];
  }
  const problem = faultOf(file);
  if (problem === undefined) {
    return [{ level: "good", subject, text: `${text}; SQLite finds no fault in it`, about }];
  }
  return [{ level: "problem", subject, text: `${text}; ${problem}`, about }];
}

const sizeOf = (file: string): number => statSync(file, { throwIfNoEntry: false })?.size ?? 0;

/** What SQLite finds wrong. What it holds is checked by checksums of its own whenever it is read. */
function faultOf(file: string): string | undefined {
  try {
    const database = openDatabase(file);
    try {
      const row = database.prepare("PRAGMA quick_check(1)").get();
      const [found] = Object.values(row ?? {});
      return found === "ok" ? undefined : oneLine(String(found));
    } finally {
      database.close();
    }
  } catch (error) {
    return oneLine(error instanceof Error ? error.message : String(error));
  }
}
