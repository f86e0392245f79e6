// The tree as lines: what is known of a flow, the size of the screen and the time decide, and nothing else.
import t from "tap";
import { Board, type Change } from "../../lib/cli/board.ts";
import { render } from "../../lib/cli/render.ts";
import { painter, widthOf } from "../../lib/cli/text.ts";
import { compile } from "../../lib/compile/compile.ts";
import { linear, task, times, unordered } from "../../lib/index.ts";
import type { Item } from "../../lib/types.ts";
import { workedMs } from "../worked.ts";

const named = (name: string) => task({ name, execute: () => undefined });
const paint = painter(false);
const wide = { columns: 100, lines: 40, paint };

/** A board whose clock the test moves. */
function boardOf(flow: Item) {
  const clock = { now: 0 };
  const board = new Board("id-1", compile(flow).blueprint, () => clock.now);
  const change = (atom: string, state: Change["state"], more: Partial<Change> = {}): void => {
    board.atomChanged({ atom, state, attempt: 1, ...more });
  };
  const shown = (screen = wide): string[] => render(board, screen);
  return { board, clock, change, shown };
}

const nested = linear(
  "server",
  named("ip"),
  unordered("disks", named("disk-a"), named("disk-b")),
  linear("boot", { retry: times(3) }, named("image")),
);

t.test("a flow is a tree of flows, controllers and tasks", async (t) => {
  const { board, shown } = boardOf(nested);
  board.note = "Ctrl-C suspends";
  t.strictSame(shown(), [
    "○ server  PENDING  0/5  0 ms  id-1",
    "├─ ○ ip             PENDING  ",
    "├─ ○ disks  0/2",
    "│  ├─ ○ disk-a      PENDING  ",
    "│  └─ ○ disk-b      PENDING  ",
    "└─ ○ boot  0/2",
    "   ├─ ○ boot_retry  PENDING  ",
    "   └─ ○ image       PENDING  ",
    "  Ctrl-C suspends",
  ]);
});

t.test("states, attempts, progress, durations and failures are told as they come", async (t) => {
  const { board, clock, change, shown } = boardOf(nested);
  board.flowChanged({ state: "RUNNING" });
  change("ip", "RUNNING");
  clock.now = 40;
  change("ip", "SUCCESS");
  change("disk-a", "RUNNING");
  board.progressed({ atom: "disk-a", fraction: 0.5 });
  change("disk-b", "RUNNING", { attempt: 2 });
  clock.now = 1_240;
  const failure = { name: "Error", message: "no\u001b[2J room\nat all" };
  change("disk-b", "FAILURE", { attempt: 2, failure });
  t.strictSame(shown(), [
    "⠹ server  RUNNING  1/5  1 failed  1.2 s  id-1",
    "├─ ✔ ip             SUCCESS    40 ms",
    "├─ ⠹ disks  0/2",
    "│  ├─ ⠹ disk-a      RUNNING    ━━━━━━━━━━━━ 50 %  1.2 s",
    "│  └─ ✖ disk-b      FAILURE    #2  1.2 s  no [2J room at all",
    "└─ ○ boot  0/2",
    "   ├─ ○ boot_retry  PENDING  ",
    "   └─ ○ image       PENDING  ",
  ]);
  change("disk-b", "REVERTING", { attempt: 1 });
  change("disk-b", "REVERTED", { attempt: 1 });
  t.match(shown()[4], "↶ disk-b      REVERTED   0 ms  no [2J room at all", "why stays in sight");
  change("disk-b", "PENDING", { attempt: 2 });
  t.equal(shown()[4], "│  └─ ○ disk-b      PENDING    #2");
});

t.test("once it is over, time stands still", async (t) => {
  const { board, clock, change, shown } = boardOf(nested);
  change("ip", "RUNNING");
  clock.now = 10;
  board.end();
  const lines = shown();
  clock.now = 9_999;
  t.strictSame(shown(), lines);
});

t.test("colours change nothing but colours", async (t) => {
  const { change, shown } = boardOf(nested);
  change("ip", "SUCCESS");
  const coloured = shown({ ...wide, paint: painter(true) });
  t.match(coloured[1], "\u001b[32m✔\u001b[39m");
  const bare = coloured.map((line) => line.replaceAll(/\u001b\[\d+m/g, ""));
  t.strictSame(bare, shown());
});

t.test("no line is wider than the screen, whatever the names are", async (t) => {
  const names = [
    "日本語の仕事の名前はとても長い",
    "emoji-🎉-👩‍👩‍👧-and-more",
    "x".repeat(300),
    "tab\tand\nline",
  ];
  const { change, shown } = boardOf(linear("長い名前", ...names.map(named)));
  for (const name of names) change(name, "FAILURE", { failure: { name: "E", message: name } });
  for (let columns = 1; columns <= 60; columns++) {
    for (const line of shown({ ...wide, columns })) {
      t.ok(widthOf(line) <= columns, `${columns}: ${line}`);
    }
  }
  t.notMatch(shown({ ...wide, columns: 1_000 }).join(""), /[\t\n]/);
});

const big = unordered(
  "big",
  ...Array.from({ length: 20 }, (_, group) =>
    linear(
      `group-${group}`,
      ...Array.from({ length: 10 }, (_, at) => named(`task-${group}-${at}`)),
    ),
  ),
);

t.test("of a flow that doesn't fit, what is under way and what failed is shown", async (t) => {
  const { change, shown } = boardOf(big);
  change("task-3-7", "RUNNING");
  change("task-17-2", "FAILURE", { failure: { name: "E", message: "broke" } });
  const lines = shown({ ...wide, lines: 9 });
  t.equal(lines.length, 9);
  t.match(lines.join("\n"), /group-3 .*\n(.*\n)*.*task-3-7 +RUNNING/, "with the flow it stands in");
  t.match(lines.join("\n"), /group-17 .*\n(.*\n)*.*task-17-2 +FAILURE/);
  t.equal(lines.at(-1), "⋮  213 more lines");
  for (let at = 0; at < 10; at++) change(`task-${at}-0`, "RUNNING");
  const full = shown({ ...wide, lines: 8 });
  t.equal(full.at(-1), "⋮  214 more lines, 8 under way");
});

t.test("a flow of 100,000 tasks is drawn in a moment", async (t) => {
  const many = unordered("many", ...Array.from({ length: 100_000 }, (_, at) => named(`t${at}`)));
  const { change, shown } = boardOf(many);
  for (let at = 0; at < 100; at++) change(`t${at * 1_000}`, "RUNNING");
  let fastestMs = Infinity;
  for (let frame = 0; frame < 20; frame++) {
    const startedMs = workedMs();
    t.equal(shown({ ...wide, lines: 50 }).length, 50);
    fastestMs = Math.min(fastestMs, workedMs() - startedMs);
  }
  t.ok(fastestMs < 50, `a frame took ${fastestMs} ms, and one is drawn each 100 ms`);
});

t.test("a task by itself is a tree of one line", async (t) => {
  const { change, shown } = boardOf(named("alone"));
  change("alone", "RUNNING", { attempt: 2 });
  t.strictSame(shown(), ["○ alone  PENDING  0/1  #2  0 ms  id-1"]);
});
