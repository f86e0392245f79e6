// The main demo is killed with kill -9 at random moments and started again: it always resumes and ends right, and
// nothing that was recorded runs again (G1). KILLS=50 for as many by hand; SEED for another series.
import { type ChildProcess, spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import t from "tap";
import { readFlow, sqliteJournal } from "../../lib/index.ts";
import type { Change, Found } from "../../examples/create-server/runner.ts";

const demo = resolve(import.meta.dirname, "../../examples/create-server.js");
const kills = Number(process.env["KILLS"] ?? 6);
const seed = Number(process.env["SEED"] ?? 1);

t.setTimeout(60_000 + kills * 40_000);

/** Numbers from [0, 1) that are the same for a seed. */
function draws(of: number): () => number {
  let state = of;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

function start(dir: string): ChildProcess {
  return spawn(process.execPath, [demo, "--dir", dir], { stdio: ["ignore", "pipe", "pipe"] });
}

interface End {
  readonly code: number | null;
  readonly output: string;
  readonly lines: number;
}

/** Runs the demo; after so many lines it is killed, or, where `runner` says so, the process that runs its flow. */
async function runDemo(dir: string, killAfterLines = Infinity, runner = false): Promise<End> {
  const child = start(dir);
  let output = "";
  let lines = 0;
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      lines += text.split("\n").length - 1;
      if (lines < killAfterLines) return;
      killAfterLines = Infinity;
      const pid = runner ? runnerOf(child.pid) : child.pid;
      if (pid !== undefined) process.kill(pid, "SIGKILL");
    });
  }
  const code = await new Promise<number | null>((done) => child.once("close", done));
  return { code, output, lines };
}

/** The child of the demo that runs the flow, from what the system knows of processes. */
function runnerOf(parent: number | undefined): number | undefined {
  for (const name of readdirSync("/proc").filter((entry) => /^\d+$/.test(entry))) {
    try {
      const stat = readFileSync(`/proc/${name}/stat`, "utf8");
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      const words = readFileSync(`/proc/${name}/cmdline`, "utf8").split("\0");
      if (Number(fields[1]) === parent && words.includes("runner")) return Number(name);
    } catch {
      // It ended while we looked.
    }
  }
  return undefined;
}

/** Starts of attempts that the journal, when a process took the flow over, held as succeeded already. */
function runAgain(dir: string): string[] {
  const lines = readFileSync(join(dir, "changes.jsonl"), "utf8").split("\n").filter(Boolean);
  const recorded = new Set<string>();
  const again: string[] = [];
  for (const line of lines) {
    const entry = JSON.parse(line) as Change | Found;
    if ("found" in entry) for (const attempt of entry.found) recorded.add(attempt);
    else if (entry.state.startsWith("RUNNING") && recorded.has(`${entry.atom}#${entry.attempt}`)) {
      again.push(`${entry.atom}#${entry.attempt}`);
    }
  }
  return again;
}

t.test("the demo runs whole: fails, is undone, killed, resumed, and done", async (t) => {
  const dir = t.testdir();
  const { code, output } = await runDemo(dir);
  t.equal(code, 0, output);
  t.match(output, /boot-server +FAILURE +no capacity/);
  t.match(output, /allocate-address +REVERTED/);
  t.match(output, /kill -9 \d+/);
  t.match(output, /wait-until-up +RUNNING AGAIN/);
  t.match(output, /What happened: flow SUCCESS/);
  t.strictSame(runAgain(dir), []);
});

t.test(`killed ${kills} times at random, it always ends right`, async (t) => {
  const draw = draws(seed);
  for (let at = 0; at < kills; at++) {
    const dir = t.testdir({});
    const line = 1 + Math.floor(draw() * 42);
    const runner = draw() < 0.5;
    const story = `kill ${at + 1}: ${runner ? "the runner" : "everything"} after line ${line}`;
    const first = await runDemo(dir, line, runner);
    const { code, output } = first.code === 0 ? first : await runDemo(dir);
    t.equal(code, 0, `${story}\n${output}`);
    const journal = sqliteJournal({ dir: join(dir, "journal") });
    const flow = await readFlow(journal, "demo");
    await journal.close();
    t.equal(flow.state, "SUCCESS", story);
    t.equal(flow.fetch("servedBytes"), 8 * 1024 * 1024, story);
    t.strictSame(runAgain(dir), [], `${story}: what was recorded ran once`);
  }
});
