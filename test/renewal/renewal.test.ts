// Leases that are renewed beside an event loop which is busy, and let go when it hangs.
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import t, { type Test } from "tap";
import { Conductor, Renewal, sqliteJobboard, sqliteJournal } from "../../lib/index.ts";
import { blocking } from "./fixtures/flow.ts";

t.setTimeout(120_000);

async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const giveUpAt = performance.now() + 30_000;
  while (!(await condition())) {
    if (performance.now() > giveUpAt) throw new Error(`it did not come to this: ${what}`);
    await delay(10);
  }
}

function start(t: Test, ...args: readonly string[]): { child: ChildProcess; lines: string[] } {
  const file = join(import.meta.dirname, "fixtures/conductor.js");
  const child = spawn(process.execPath, [file, ...args], { stdio: ["pipe", "pipe", "inherit"] });
  t.teardown(() => child.kill("SIGKILL"));
  const lines: string[] = [];
  createInterface({ input: child.stdout }).on("line", (line) => lines.push(line));
  return { child, lines };
}

/** A conductor that blocks for three leases, and one that watches it. @returns whether that one took the job */
async function block(t: Test, how: "thread" | "here"): Promise<boolean> {
  const dir = t.testdir();
  const { child, lines } = start(t, dir, how);
  await until("it is up", () => lines.includes("up"));
  const journal = sqliteJournal({ dir, durability: "process" });
  const board = sqliteJobboard({ dir, durability: "process", pollMs: 20 });
  await board.post({ id: "j", flow: "blocking" });
  await until("it is claimed", () => lines.includes("claimed"));
  const other = new Conductor({ board, journal, flows: [blocking], leaseMs: 1_000 });
  let wasTaken = false;
  other.notifier.on("claimed", () => {
    wasTaken = true;
  });
  await other.start();
  await until("it is taken or done", () => wasTaken || lines.includes("consumed"));
  await other.close();
  await board.close();
  await journal.close();
  child.stdin?.write("close\n");
  return wasTaken;
}

t.test("a task that blocks the event loop for three leases costs nothing", async (t) => {
  t.equal(await block(t, "thread"), false);
});

t.test("renewed by the event loop itself, the job would go to another", async (t) => {
  t.equal(await block(t, "here"), true);
});

t.test("a process that hangs lets go of its lease, and hears of it", async (t) => {
  const dir = t.testdir();
  const board = sqliteJobboard({ dir, durability: "process" });
  const place = { kind: "sqlite", options: { dir } } as const;
  await using renewal = new Renewal({ board: place, stallMs: 300, log: () => undefined });
  let renewals = 0;
  const lost = new Promise<string>((resolve) => {
    const renewed = (): void => {
      renewals++;
    };
    void renewal.start({ owner: "o", leaseMs: 400 }, renewed, resolve);
  });
  await until("it is renewed", () => renewals >= 2);
  const hangsUntil = performance.now() + 1_500;
  while (performance.now() < hangsUntil);
  const [lease] = await board.leases();
  if (lease === undefined) throw new Error("there is no lease");
  t.ok(lease.isStalled, "the last one says so");
  t.equal(await board.dropLease("o", lease.revision), true, "it was not renewed since");
  t.match(await lost, /the lease of o was changed or dropped/);
  await board.close();
});
