// What the page makes of a journal: spans of time, folded gaps, pictures, reasons.
import t from "tap";
import { compile } from "../../lib/compile/compile.ts";
import { graph, linear, load, memoryJournal, task, unordered } from "../../lib/index.ts";
import type { ConductorDocument, JobDocument } from "../../lib/inspector/documents.ts";
import { answerTo } from "../../lib/inspector/model/asked.ts";
import { sayConductor } from "../../lib/inspector/model/conductor.ts";
import { factsAt } from "../../lib/inspector/model/facts.ts";
import { linesOf, mostLines } from "../../lib/inspector/model/lines.ts";
import { pictureOf } from "../../lib/inspector/model/picture.ts";
import { Player } from "../../lib/inspector/model/player.ts";
import { placeOf, scaleOf, spansOf } from "../../lib/inspector/model/timeline.ts";
import { sayRecord } from "../../lib/inspector/model/words.ts";
import { reasonOf } from "../../lib/why/reason.ts";
import { createServer } from "./flows.ts";

async function played(pace: Parameters<typeof createServer>[0]): Promise<Player> {
  const journal = memoryJournal();
  await load(createServer(pace), { id: "f", journal })
    .run()
    .catch(() => undefined);
  const player = new Player();
  player.add(await journal.read("f"));
  return player;
}

t.test("every attempt, wait and revert is a span with its outcome", async (t) => {
  const player = await played({ unitMs: 1, failures: 1, bill: "fails" });
  const spans = spansOf(player.entries, player.last);
  const of = (name: string) =>
    (spans.get(name) ?? []).map(({ kind, outcome }) => `${kind} ${outcome}`);
  t.strictSame(of("boot"), ["execute failed", "revert done", "execute done", "revert done"]);
  t.strictSame(of("try-hosts"), ["execute done", "wait done", "execute done", "revert done"]);
  t.strictSame(of("send-invoice"), ["execute failed", "revert done"]);
  t.ok([...spans.values()].flat().every(({ endedAt }) => endedAt !== undefined));
  const early = spansOf(player.entries, 4);
  t.strictSame(
    [...early.values()].flat().map(({ outcome }) => outcome),
    ["open"],
  );
});

t.test("lines of a task or of all are those up to a moment, the last of them", async (t) => {
  const journal = memoryJournal();
  const says = (name: string, lines: number) =>
    task({
      name,
      execute: (_: object, { log }) => {
        for (let n = 1; n <= lines; n++) log.warn(`${name} ${n}`, { n });
      },
    });
  await load(linear("f", says("few", 3), says("many", 300)), { id: "f", journal }).run();
  const player = new Player();
  player.add(await journal.read("f"));
  const { entries, last } = player;
  t.match(linesOf(entries, last, "few"), { count: 3, lines: [{ message: "few 1", line: 1 }] });
  const many = linesOf(entries, last, "many");
  t.equal(many.count, 300);
  t.equal(many.lines.length, mostLines);
  t.match(many.lines.at(-1), { message: "many 300", fields: { n: 300 }, level: "warn" });
  t.equal(linesOf(entries, last, "").count, 303);
  const second = linesOf(entries, last, "few").lines[1]!.sequence;
  t.equal(linesOf(entries, second, "").count, 2);
  const blueprint = compile(linear("f", says("few", 3), says("many", 300))).blueprint;
  const { record } = entries[second - 1]!;
  t.equal(sayRecord(record, blueprint), "few #1 warn: few 2 { n: 2 }");
});

t.test("long gaps are folded, time in between keeps its proportions", async (t) => {
  const hour = 3_600_000;
  const scale = scaleOf([
    [hour, hour + 500],
    [0, 1_000],
    [800, 3_000],
    [2 * hour, 2 * hour + 500],
  ]);
  t.strictSame(
    scale.map(({ isFolded }) => isFolded),
    [false, true, false, true, false],
  );
  const [first, gap, second] = scale;
  t.ok(gap!.right - gap!.left < 0.05, "an hour of nothing takes little room");
  const ratio = (first!.right - first!.left) / (second!.right - second!.left);
  t.ok(Math.abs(ratio - 6) < 1e-9, "3,000 ms are six times as wide as 500 ms");
  t.equal(scale.at(-1)!.right.toFixed(9), "1.000000000");
  t.equal(placeOf(scale, 1_500), (first!.left + first!.right) / 2);
  t.equal(placeOf(scale, -5), 0);
  t.equal(placeOf(scale, 9 * hour), 1);
  t.strictSame(scaleOf([]), []);
  const many = scaleOf(Array.from({ length: 500 }, (_, at) => [at * hour, at * hour + 10]));
  t.ok(
    many.every(({ left, right }) => right >= left && right <= 1 + 1e-9),
    "many gaps leave room",
  );
});

t.test("boxes stand in boxes, arrows between those side by side", async (t) => {
  const a = task({ name: "a", provides: "x", execute: () => 1 });
  const b = task({ name: "b", requires: ["x"], execute: () => 1 });
  const c = task({ name: "c", execute: () => 1 });
  const { blueprint } = compile(linear("outer", graph("inner", b, a), unordered("loose", c)));
  const outer = pictureOf(blueprint).children[0]!;
  const names = (boxes: readonly { readonly name: string }[]) => boxes.map(({ name }) => name);
  t.strictSame(names(outer.children), ["inner", "loose"]);
  t.strictSame(names(outer.children[0]!.children), ["a", "b"]);
  const ends = (box: typeof outer) => box.arrows.map(({ from, to }) => `${from}>${to}`);
  t.strictSame(ends(outer), ["s1>s2"]);
  t.strictSame(ends(outer.children[0]!), ["a0>a1"]);
  t.strictSame(ends(outer.children[1]!), []);
});

t.test("it is said why a flow is where it was at any moment", async (t) => {
  const player = await played({ unitMs: 1, failures: 1, bill: "fails" });
  const said = (sequence: number): string => {
    const spans = spansOf(player.entries, sequence);
    return reasonOf(factsAt("f", player.moment(sequence), spans, undefined))?.sentence ?? "";
  };
  t.match(said(player.last), /^it ended REVERTED at .{19}: the customer has no address$/);
  t.equal(said(4), '"check-quota" has been running for 0 ms');
  const all = Array.from({ length: player.last }, (_, at) => said(at + 1));
  const among = (pattern: RegExp): void => {
    t.ok(
      all.some((text) => pattern.test(text)),
      String(pattern),
    );
  };
  among(/^"try-hosts" waits until .* from now, before the next attempt$/);
  among(/^"boot" is being undone, for \d+ ms now/);
  among(/^the retry controller "try-hosts" is asked what to do about the failure of "boot"$/);
  among(/^"boot" is about to start$/);
  t.notOk(all.includes(""), "of every moment something is said");
});

t.test("what became of a command is told in words", async (t) => {
  const job = {
    ...{ commands: [{ number: 3, kind: "kill" }], commanded: 3, owner: "c", isHeld: false },
    refusals: [{ number: 2, kind: "edit", why: "it is RUNNING", at: 0 }],
  } as unknown as JobDocument;
  const cases: readonly (readonly [number | null, JobDocument | null, string, string])[] = [
    [1, job, "taken", "skip a was taken by its owner"],
    [2, job, "refused", "skip a was refused: it is RUNNING"],
    [3, job, "waits", "skip a was left for its owner c"],
    [
      4,
      { ...job, owner: null },
      "waits",
      "skip a was left for its owner: nobody has claimed it yet",
    ],
    [
      ...([4, { ...job, owner: null, isHeld: true }, "waits"] as const),
      "skip a was left for its owner: it is held until somebody resumes it",
    ],
    [null, job, "taken", "skip a: it is so already"],
    [1, null, "taken", "skip a: the job is forgotten meanwhile"],
  ];
  for (const [number, seen, kind, sentence] of cases) {
    t.strictSame(answerTo({ number, what: "skip a" }, seen), { kind, sentence });
  }
});

t.test("what a conductor's lease tells is told in words", async (t) => {
  const about = { running: 2, details: null } as unknown as ConductorDocument;
  const flows = Array.from({ length: 10 }, (_, at) => [`f${at}`, "hash"]);
  const details = { name: "c", engine: "workers", running: 0, maxFlows: 3 };
  const say = (more: object): string => sayConductor({ ...about, ...more });
  t.equal(
    say({ details: { ...details, flows, flowsInAll: 12 } }),
    "runs 2 of at most 3 flows, on engine workers; has f0, f1, f2, f3, f4, f5, f6, f7, 4 more",
  );
  t.equal(
    say({ details: { ...details, maxFlows: 1, flows: [], flowsInAll: 0 } }),
    "runs 2 of at most 1 flow, on engine workers; has no flows",
  );
  t.equal(say({ running: 1 }), "runs 1 flow");
  for (const odd of [{ flows: 2 }, { ...details, flows: [3], flowsInAll: 1 }]) {
    t.match(say({ details: odd }), /^runs 2 flows, says \{/);
  }
});
