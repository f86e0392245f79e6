// What can be done by hand in which state, with the reason where it can't; what it changes; and that nothing done by hand ever keeps a flow from ending.
import assert from "node:assert/strict";
import t from "tap";
import { machines } from "../../actors/machines.ts";
import { compile } from "../../lib/compile/compile.ts";
import { endOf, takeAsks, takeStart } from "../../lib/plan/due.ts";
import { atomsOf, type Edit, recordOf, whyNot } from "../../lib/plan/edit.ts";
import { created, fold } from "../../lib/plan/fold.ts";
import type { FlowRecord } from "../../lib/plan/records.ts";
import { SparseSet } from "../../lib/plan/sparse.ts";
import type { FlowState } from "../../lib/plan/state.ts";
import type { Depth, Item, Verdict } from "../../lib/types.ts";

import { untyped } from "../simulation/flows.ts";
import { seeded } from "../simulation/time.ts";

const { task, linear, unordered, graph, link, times } = untyped;

const none = { deferReverts: false, neverResolve: false };
const failure = { name: "Error", message: "boom" };

function stateOf(flow: Item, store: Record<string, unknown> = {}): FlowState {
  const { blueprint } = compile(flow);
  return created(machines, { kind: "created", flow: "f", blueprint, store, meta: {} });
}

const quick = (name: string, requires: readonly string[] = []): Item =>
  task({ name, provides: name, requires, execute: () => name });

/** Folds a line of words: `run`, `a` starts, `a=` succeeds, `a!` fails, `-a` is undone, `-a!` is not, `RETRY`, `REVERT`. */
function tell(state: FlowState, words: string): FlowState {
  for (const word of words.split(" ").filter((one) => one !== "")) fold(state, said(state, word));
  return state;
}

function said(state: FlowState, word: string): FlowRecord {
  if (word === "run") return { kind: "run", options: none };
  if (word === "only") return { kind: "run", options: { ...none, neverResolve: true } };
  if (word === "suspend") return { kind: "suspend", withdraws: [] };
  if (word === "kill") return { kind: "kill", reason: "" };
  if (word === "park") return { kind: "parked", reason: "" };
  if (word === "SUSPENDED" || word === "REVERTED" || word === "SUCCESS" || word === "FAILURE") {
    return { kind: "ended", state: word };
  }
  const [open] = state.questions;
  if (word === "RETRY" || word === "REVERT" || word === "LATER") {
    const { retry, atom } = open!;
    if (word !== "LATER") return { kind: "retryDecided", retry, atom, verdict: word };
    return { kind: "retryDecided", retry, atom, verdict: "RETRY", dueAt: 5_000, delayMs: 5_000 };
  }
  const [, undo, name = "", end] = /^(-?)(\w+)(.?)$/.exec(word)!;
  const atom = state.shape.numbers.get(name)!;
  const { attempt, reverts } = state.snapshotOf(atom).context;
  if (end === "=" || end === "!") {
    const outcome = end === "=" ? { value: name } : { failure };
    if (undo === "-") return { kind: "reverted", atom, attempt: reverts, ...outcome };
    return { kind: "executed", atom, attempt, ...outcome };
  }
  const number = undo === "-" ? reverts + 1 : attempt + 1;
  return { kind: "started", atom, direction: undo === "-" ? "revert" : "execute", attempt: number };
}

function make(state: FlowState, edit: Edit): void {
  fold(state, recordOf(state, edit, `e${state.sequence}`));
}

/** States of the atoms, in their order. */
const shown = (state: FlowState): string =>
  state.snapshots.map(({ value }, atom) => `${state.nameOf(atom)} ${value}`).join(", ");

const chain = linear("chain", {}, quick("a"), quick("b", ["a"]), quick("c"));
const tried = linear("tried", { retry: times(3, { name: "r" }) }, quick("x"), quick("y"));

type Row = readonly [flow: Item, story: string, edit: Edit, because: RegExp | undefined];

const skip = (atom: string, depth?: Depth): Edit =>
  depth === undefined ? { kind: "skip", atom } : { kind: "skip", atom, depth };
const complete = (atom: string, value: unknown = 1): Edit => ({ kind: "complete", atom, value });
const fails = (atom: string): Edit => ({ kind: "fail", atom, message: "enough" });
const now = (retry: string): Edit => ({ kind: "retryNow", retry });
const from = (...atoms: string[]): Edit => ({ kind: "retryFrom", atoms });
const park: Edit = { kind: "park" };

const rows: readonly Row[] = [
  [chain, "", skip("nn"), /no such atom$/],
  [tried, "", skip("xs"), /no such atom; did you mean "x"\?$/],
  [chain, "", skip("c"), undefined],
  [chain, "", skip("a"), /^"b" needs "a", which nothing else provides$/],
  [chain, "", skip("a", "NEIGHBORS"), undefined],
  [chain, "", skip("a", "ALL"), undefined],
  [chain, "run a", skip("a"), /RUNNING: only what has not begun/],
  [chain, "run a a=", skip("a"), /SUCCESS/],
  [chain, "run a a= b b!", skip("b"), /FAILURE/],
  [chain, "run a a= b b!", skip("c"), /being undone/],
  [chain, "run a a= b b! -b -b= -a -a= REVERTED", skip("c"), /flow was undone/],
  [chain, "only a a= b b! FAILURE", skip("c"), undefined],
  [tried, "", skip("r"), /retry controller/],
  [tried, "run r r= x x! RETRY", skip("y"), /being undone/],

  [chain, "", complete("a"), undefined],
  [chain, "", complete("b"), /what goes before it isn't done/],
  [chain, "run a", complete("a"), undefined],
  [chain, "run a suspend", complete("a"), undefined],
  [chain, "run a park", complete("a"), undefined],
  [chain, "run a a=", complete("a"), /done already/],
  [chain, "run a a=", complete("b"), undefined],
  [chain, "run a a= b b!", complete("b"), /was resolved/],
  [chain, "run a a= b b! -b", complete("b"), /REVERTING/],
  [chain, "run a a= b b! -b -b=", complete("b"), /REVERTED/],
  [chain, "run a a= b b! -b -b!", complete("b"), /REVERT_FAILURE/],
  [chain, "only a a= b b! FAILURE", complete("b"), undefined],
  [tried, "run r r= x x!", complete("x"), undefined],
  [tried, "run r r= x x! suspend SUSPENDED", complete("x"), undefined],
  [tried, "run r r= x x! park", complete("x"), undefined],
  [tried, "run r r= x x! RETRY", complete("x"), /was resolved/],
  [tried, "run r", complete("r"), undefined],

  [chain, "", fails("a"), undefined],
  [chain, "", fails("b"), /isn't done/],
  [chain, "run a", fails("a"), undefined],
  [chain, "run a a=", fails("a"), /SUCCESS/],
  [chain, "run a a= b b!", fails("b"), /FAILURE/],
  [chain, "run a a= b b! -b", fails("b"), /REVERTING/],

  [tried, "run r r= x x! LATER", now("r"), undefined],
  [tried, "run r r= x x! LATER park", now("r"), undefined],
  [tried, "run r r= x x! RETRY", now("r"), /doesn't wait/],
  [tried, "run r r=", now("x"), /only a controller waits/],

  [chain, "", from("a"), /PENDING: only one that rests/],
  [chain, "run a", from("a"), /RUNNING: only one that rests/],
  [chain, "run a suspend", from("a"), /SUSPENDING: only/],
  [chain, "run a a= suspend SUSPENDED", from("a"), undefined],
  [chain, "run a a= suspend SUSPENDED", from("c"), /"b", which goes before it, is PENDING; .*"b"$/],
  [chain, "run a a= b b= c c= SUCCESS", from("b"), undefined],
  [chain, "run a a= b b! -b -b= -a -a= REVERTED", from("a"), undefined],
  [
    ...([chain, "run a a= b b! -b -b= -a -a= REVERTED", from("b")] as const),
    /^"a", which goes before it, is REVERTED; it could go from "a"$/,
  ],
  [chain, "run a a= b b! -b -b! FAILURE", from("b"), undefined],
  [chain, "run a a= b b! -b -b! FAILURE", from("c"), /"b", .*is REVERT_FAILURE; .* from "b"$/],
  [chain, "only a a= b b! FAILURE", from("b"), undefined],
  [chain, "run a a= b b! -b -b= -a -a= REVERTED", from(), /no atom was named/],
  [tried, "run r r= x x! LATER park", from("x"), undefined],
  [tried, "run r r= x x! REVERT -x -x= -r -r= REVERTED", from("x"), /from "r"$/],
  [tried, "run r r= x x! REVERT -x -x= -r -r= REVERTED", from("r"), undefined],

  [chain, "", park, /PENDING/],
  [chain, "run", park, undefined],
  [chain, "run a suspend", park, undefined],
  [chain, "run a a= suspend SUSPENDED", park, undefined],
  [chain, "run park", park, /PARKED/],
  [chain, "run a a= b b= c c= SUCCESS", park, /SUCCESS/],
];

for (const [flow, story, edit, because] of rows) {
  const text = `${edit.kind} ${atomsOf(edit).join(" and ")} after "${story}"`;
  t.test(`${text}: ${because === undefined ? "it can be done" : "refused"}`, async (t) => {
    const why = whyNot(tell(stateOf(flow), story), edit);
    if (because === undefined) t.equal(why, undefined);
    else t.match(why, because);
  });
}

t.test("a value that lacks what the atom gives is refused", async (t) => {
  const gives = (provides: unknown): FlowState =>
    stateOf(task({ name: "g", provides, execute: () => null }));
  t.match(whyNot(gives(["p", "q"]), complete("g", [1])), /a list: p, q/);
  t.equal(whyNot(gives(["p", "q"]), complete("g", [1, 2])), undefined);
  t.equal(whyNot(gives("p"), { kind: "complete", atom: "g" }), undefined);
});

t.test(
  "what else provides it, or that it is in the store, makes up for what is skipped",
  async (t) => {
    t.equal(whyNot(stateOf(chain, { a: 3 }), skip("a")), undefined);
    const optional = linear(
      "o",
      {},
      quick("a"),
      task({ name: "b", optional: ["a"], execute: () => 1 }),
    );
    t.equal(whyNot(stateOf(optional), skip("a")), undefined);
  },
);

t.test("skipping: what comes after goes on", async (t) => {
  const state = tell(stateOf(chain, { a: 0 }), "");
  make(state, skip("a"));
  tell(state, "run b");
  t.equal(shown(state), "a IGNORE, b RUNNING, c PENDING");
});

t.test(
  "completing and failing: an outcome of the running attempt, or an attempt of its own",
  async (t) => {
    const state = tell(stateOf(chain), "run a");
    make(state, complete("a", 7));
    t.match(state.snapshotOf(0), { value: "SUCCESS", context: { attempt: 1, result: 7 } });
    t.equal(state.running.size, 0);
    make(state, complete("b", 8));
    t.match(state.snapshotOf(1), { value: "SUCCESS", context: { attempt: 1, result: 8 } });
    make(state, fails("c"));
    const code = "ENDED_BY_HAND";
    t.match(state.snapshotOf(2).context, { attempt: 1, failure: { message: "enough", code } });
    t.ok(state.revertingAll, "resolved as any failure is");
  },
);

t.test("completing what failed withdraws the question", async (t) => {
  const state = tell(stateOf(tried), "run r r= x x!");
  make(state, complete("x"));
  t.equal(state.questions.length, 0);
  t.match(state.snapshotOf(1), { value: "SUCCESS", context: { failure: undefined, attempt: 2 } });
  t.same(state.failures, {});
  tell(state, "y y=");
  t.equal(endOf(state), "SUCCESS");
});

t.test("from an atom: it and what comes after, forwards again, with all attempts", async (t) => {
  const state = tell(stateOf(tried), "run r r= x x! RETRY -x -x= r r= x x= y y! REVERT -y -y!");
  fold(state, { kind: "ended", state: "FAILURE" });
  make(state, from("y"));
  t.equal(state.flow.value, "SUSPENDED");
  t.equal(shown(state), "r SUCCESS, x SUCCESS, y PENDING");
  t.ok(state.intentions.every((intention) => intention === "EXECUTE"));
  tell(state, "run y");
  t.equal(state.snapshotOf(2).context.attempt, 2, "numbers only grow");
  tell(state, "y= SUCCESS");
  make(state, from("r"));
  t.same(state.snapshotOf(0).context.history, [], "the controller begins anew");
});

t.test("from an atom: what fails then is undone as ever", async (t) => {
  const state = tell(stateOf(chain), "run a a= b b! -b -b= -a -a= REVERTED");
  make(state, from("a"));
  tell(state, "run a a= b b! -b -b=");
  t.equal(state.intentionOf(0), "REVERT");
});

t.test("a decider's no that still counts is not taken back", async (t) => {
  const flow = graph(
    "g",
    {
      links: [
        link("a", "b", { decide: () => false, depth: "ALL" }),
        link("b", "d"),
        link("c", "d"),
      ],
    },
    ...["a", "b", "c", "d"].map((name) => quick(name)),
  );
  const state = tell(stateOf(flow), "run a a=");
  const b = state.shape.numbers.get("b")!;
  fold(state, { kind: "decided", atom: b, runs: false, depth: "ALL" });
  tell(state, "c c= SUCCESS");
  make(state, from("c"));
  t.match(shown(state), /b IGNORE/);
  t.match(shown(state), /c PENDING/);
  t.match(shown(state), /d IGNORE/);
  make(state, from("a"));
  t.match(shown(state), /b PENDING/, "set back with what decided on it");
  t.match(shown(state), /d PENDING/);
});

t.test("ids of the last edits are kept, and no more", async (t) => {
  const state = stateOf(chain);
  const record = { kind: "edited", edit: "retryNow", atoms: [0] } as const;
  for (let n = 1; n <= 100; n++) fold(state, { ...record, id: String(n) });
  t.equal(state.edits.length, 64);
  t.equal(state.edits.at(-1), "100");
});

/** Flows to be led about by chance. */
const flows: readonly Item[] = [
  chain,
  tried,
  unordered("block", {}, quick("a"), linear("in", {}, quick("b"), quick("c"))),
  linear(
    "nested",
    { retry: times(2, { name: "outer" }) },
    quick("a"),
    unordered("in", { retry: times(2, { name: "inner" }) }, quick("b"), quick("c", ["a"])),
    quick("d", ["b"]),
  ),
  graph(
    "net",
    {
      links: [
        link("a", "c"),
        link("b", "c", { decide: () => true, depth: "NEIGHBORS" }),
        link("c", "d", { decide: () => true, depth: "ALL" }),
        link("b", "e"),
      ],
    },
    ...["a", "b", "c", "d", "e"].map((name) => quick(name)),
  ),
];

function editsOf(state: FlowState): Edit[] {
  const names = state.blueprint.atoms.map(({ name }) => name);
  return [
    park,
    ...names.flatMap((name): Edit[] => [
      ...(["ATOM", "NEIGHBORS", "FLOW", "ALL"] as const).map((depth) => skip(name, depth)),
      ...[complete(name), fails(name), now(name), from(name), from(name, names[0]!)],
    ]),
  ];
}

/** What a flow does next, by chance where it is told so. */
function next(state: FlowState, random: () => number): FlowRecord | undefined {
  const flow = state.flow.value;
  if (flow !== "RUNNING" && flow !== "SUSPENDING") {
    return flow === "REVERTED" || flow === "SUCCESS" ? undefined : { kind: "run", options: none };
  }
  const [open] = state.questions;
  if (open !== undefined && !state.halted) {
    const verdict: Verdict = random() < 0.5 ? "RETRY" : "REVERT";
    const { retry, atom } = open;
    const wait = random() < 0.5 ? {} : { dueAt: 1, delayMs: 1 };
    return { kind: "retryDecided", retry, atom, verdict, ...wait };
  }
  const asks = new SparseSet();
  takeAsks(state, asks);
  const [ask] = asks;
  if (ask !== undefined) {
    for (const other of asks) if (other !== ask) state.offer(other);
    if (random() < 0.7) return { kind: "decided", atom: ask, runs: true };
    return { kind: "decided", atom: ask, runs: false, depth: random() < 0.5 ? "ALL" : "ATOM" };
  }
  if (flow === "RUNNING" && !state.halted && (state.running.size === 0 || random() < 0.5)) {
    const waits: number[] = [];
    const start = takeStart(state, waits);
    if (start !== undefined) {
      const { attempt, reverts } = state.snapshotOf(start.atom).context;
      const number = start.direction === "execute" ? attempt + 1 : reverts + 1;
      return { kind: "started", ...start, attempt: number };
    }
    const [retry] = waits;
    if (retry !== undefined) return { kind: "timerFired", retry };
  }
  const [running] = [...state.running];
  if (running !== undefined) {
    const [atom, { direction, attempt }] = running;
    const fails = random() < (direction === "execute" ? 0.3 : 0.1);
    const outcome = fails ? { failure } : { value: 1 };
    return { kind: direction === "execute" ? "executed" : "reverted", atom, attempt, ...outcome };
  }
  const end = endOf(state);
  return end === undefined ? undefined : { kind: "ended", state: end };
}

/** Attempt numbers, and the counts that are kept against those that are counted. */
function assertSound(state: FlowState, before: readonly number[], text: string): void {
  const { kept, counted } = state.counts();
  assert.deepEqual(kept, counted, text);
  for (const [atom, { context }] of state.snapshots.entries()) {
    assert(context.attempt >= (before[atom] ?? 0), `${text}: attempts of ${state.nameOf(atom)}`);
  }
}

/** From here on nothing fails: how it ends. */
function finish(state: FlowState, text: string): string {
  let runs = 0;
  for (let steps = 0; steps < 400; steps++) {
    const record = next(state, () => 0.6);
    if (record === undefined) break;
    if (record.kind === "run" && ++runs > 2) break;
    fold(state, record);
    assertSound(state, [], text);
  }
  return state.flow.value;
}

t.test("whatever is done by hand, the flow ends, and is stuck nowhere", async (t) => {
  let made = 0;
  let refused = 0;
  for (const flow of flows) {
    for (let seed = 1; seed <= 20; seed++) {
      const random = seeded(seed);
      const state = stateOf(flow);
      const records: FlowRecord[] = [];
      for (let step = 0; step < 30; step++) {
        const record =
          state.flow.value === "RUNNING" && random() < 0.05
            ? ({ kind: "suspend", withdraws: [] } as const)
            : next(state, random);
        if (record !== undefined) {
          fold(state, record);
          records.push(record);
        }
        for (const edit of editsOf(state)) {
          const text = `${flow.name} ${seed}: ${JSON.stringify(edit)} after ${shown(state)}`;
          if (whyNot(state, edit) !== undefined) {
            refused++;
            continue;
          }
          made++;
          const copy = stateOf(flow);
          for (const before of records) fold(copy, before);
          const attempts = copy.snapshots.map(({ context }) => context.attempt);
          make(copy, edit);
          assertSound(copy, attempts, text);
          const end = finish(copy, text);
          const isForwards = copy.intentions.every(
            (intention) => intention === "EXECUTE" || intention === "IGNORE",
          );
          assert(["SUCCESS", "REVERTED", "FAILURE"].includes(end), `${text}: it is ${end}`);
          if (end === "REVERTED") assert(!isForwards, `${text}: stuck, ${shown(copy)}`);
          if (end === "SUCCESS") assert.equal(copy.notDone, 0, text);
        }
        if (record === undefined) break;
      }
    }
  }
  t.comment(`${made} edits were made, ${refused} refused`);
  t.ok(made > 1_000 && refused > 1_000);
});
