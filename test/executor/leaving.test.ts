// How pools and their process end together.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { resolve } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import t, { type Test } from "tap";
import type { PoolKind } from "../../lib/executor/pool/pool.ts";
import type { Where } from "./fixtures/tasks.ts";

t.setTimeout(120_000);

const script = fileURLToPath(new URL("./fixtures/script.js", import.meta.url));
const kinds: readonly PoolKind[] = ["threads", "processes"];

function start(t: Test, kind: PoolKind, what: "leaves" | "stays" | "spins") {
  const child = spawn(process.execPath, [script, kind, what], {
    detached: true, // a group of its own, as a shell gives each program
    timeout: 60_000,
    killSignal: "SIGKILL",
    stdio: ["ignore", "pipe", "inherit"],
  });
  t.teardown(() => {
    if (child.exitCode === null) child.kill("SIGKILL");
  });
  const lines: string[] = [];
  createInterface(child.stdout).on("line", (line) => lines.push(line));
  const ended = once(child, "close") as Promise<[number | null, string | null]>;
  return { child, lines, ended };
}

const pidsIn = (line: string | undefined): number[] =>
  Object.values(JSON.parse(line ?? "{}") as Record<string, Where>).map(({ pid }) => pid);

const isThere = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

async function goneSoon(pids: readonly number[]): Promise<boolean> {
  for (let tries = 0; tries < 200 && pids.some(isThere); tries++) await wait(25);
  return !pids.some(isThere);
}

for (const kind of kinds) {
  t.test(
    `${kind}: a program ends by itself when its flow is over, and its hosts with it`,
    async (t) => {
      const { lines, ended } = start(t, kind, "leaves");
      t.strictSame(await ended, [0, null]);
      t.equal(lines[1], "SUCCESS", "it lived for as long as the flow ran");
      t.ok(await goneSoon(pidsIn(lines[2])), "no host is left");
    },
  );

  t.test(`${kind}: Ctrl-C in a terminal, which all of them get, takes down no host`, async (t) => {
    const { child, lines, ended } = start(t, kind, "leaves");
    while (!lines.includes("ready")) await wait(10);
    // The flow takes 300 ms at least; a program that is leaving has no ear for signals any more.
    for (let n = 0; n < 3; n++) {
      process.kill(-(child.pid ?? 0), "SIGINT");
      await wait(50);
    }
    t.strictSame(await ended, [0, null]);
    t.strictSame(lines.slice(0, 2), ["ready", "SUCCESS"], "no host has died");
  });
}

t.test("child processes end when the program is killed", async (t) => {
  const { child, lines, ended } = start(t, "processes", "stays");
  while (!lines.includes("stays")) await wait(10);
  const pids = pidsIn(lines[2]);
  t.ok(pids.every(isThere));
  child.kill("SIGKILL");
  t.strictSame(await ended, [null, "SIGKILL"]);
  t.ok(await goneSoon(pids), "no child is left");
});

t.test("even a child that works without a break", async (t) => {
  const { child, lines, ended } = start(t, "processes", "spins");
  let spins: string | undefined;
  while (spins === undefined) {
    await wait(10);
    spins = lines.find((line) => line.startsWith("spins in "));
  }
  const pid = Number(spins.slice("spins in ".length));
  await wait(500); // until its watchdog is there, on a busy machine
  t.ok(isThere(pid));
  child.kill("SIGKILL");
  t.strictSame(await ended, [null, "SIGKILL"]);
  const isGone = await goneSoon([pid]);
  if (!isGone) process.kill(pid, "SIGKILL");
  t.ok(isGone, "it is gone");
});

t.test("hosts start under whatever options the program was started with", async (t) => {
  const pool = resolve(import.meta.dirname, "../../lib/executor/pool/pool.js");
  const tasks = resolve(import.meta.dirname, "fixtures/tasks.js");
  const preload = resolve(
    t.testdir({ "preload.mjs": "globalThis.preloaded = true;" }),
    "preload.mjs",
  );
  const text = (kind: PoolKind) => `
    import { Pool } from ${JSON.stringify(pool)};
    const pool = new Pool({ kind: "${kind}", size: 1, modules: [${JSON.stringify(tasks)}] });
    await pool.ready();
    await pool.close();
    console.log("done");`;
  for (const kind of kinds) {
    const flags = ["--no-warnings", "-C", "custom", "--import", preload, "--stack-trace-limit=20"];
    const args = [...flags, "--title=secret", "--input-type=module", "--eval", text(kind)];
    const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
    t.equal(stderr, "", kind);
    t.equal(stdout, "done\n", kind);
  }
});
