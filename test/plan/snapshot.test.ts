// A snapshot is complete: wherever a journal is cut, folding on from one gives what folding everything gives.
import assert from "node:assert/strict";
import fc from "fast-check";
import t from "tap";
import { machines } from "../../actors/machines.ts";
import { admit } from "../../lib/codec.ts";
import { compile } from "../../lib/compile/compile.ts";
import { endOf, takeAsks, takeStart } from "../../lib/plan/due.ts";
import { foldAll } from "../../lib/plan/fold.ts";
import type { Batch, FlowRecord } from "../../lib/plan/records.ts";
import { fromSnapshot, toSnapshot } from "../../lib/plan/snapshot.ts";
import { SparseSet } from "../../lib/plan/sparse.ts";
import type { FlowState } from "../../lib/plan/state.ts";
import type { AtomSnapshot } from "../../lib/plan/states.ts";
import { reread } from "../journal/snapshots.ts";
import { payload } from "../payloads.ts";
import { build, flows } from "../simulation/random.ts";
import { references } from "../simulation/flows.ts";
import { effort, parallel, play } from "../simulation/scenario.ts";
import { drawn } from "../simulation/time.ts";
import { plans, Swarm } from "../simulation/swarm.ts";

const kept = ({ value, context }: AtomSnapshot) => ({ value, context });

/** Everything that there is in a state, in its order; but for what is ready, see `due`. */
function whole(state: FlowState): unknown {
  const { blueprint } = state;
  const others = ["executable", "undecided", "revertible", "machines", "shape", "notes"];
  const rest = Object.fromEntries(Object.entries(state).filter(([name]) => !others.includes(name)));
  return {
    ...{ ...rest, blueprint },
    flow: state.flow.value,
    snapshots: state.snapshots.map(kept),
    // Whether they are the same object, too: the fold looks at that.
    same: state.snapshots.map((one) => state.snapshots.indexOf(one)),
    running: [...state.running].map(([atom, { before, undo, ...running }]) => ({
      ...{ atom, ...running, before: kept(before) },
      undo: undo.map(({ snapshot, ...one }) => {
        return { ...one, ...kept(snapshot), isSame: snapshot === state.snapshotOf(one.atom) };
      }),
    })),
    retired: [...state.retired].map(([name, { snapshot, ...one }]) => {
      return { name, ...one, ...kept(snapshot) };
    }),
    failures: Object.entries(state.failures),
    sets: [state.decided, state.ignoredAll, state.givenUp].map((set) => [...set]),
    maps: [state.firstStarts, state.ignoredBy, state.waits, state.losses].map((map) => [...map]),
    counts: state.counts().kept,
  };
}

/** What may happen next. Takes it out of the state. Of a flow that rests nothing is due, before it is run again. */
function due(state: FlowState): unknown {
  if (state.flow.value !== "RUNNING" && state.flow.value !== "SUSPENDING") return undefined;
  const end = endOf(state);
  const waits: number[] = [];
  const starts = new Set<string>();
  for (let one = takeStart(state, waits); one !== undefined; one = takeStart(state, waits)) {
    starts.add(JSON.stringify(one));
  }
  const asks = new SparseSet();
  takeAsks(state, asks);
  return { end, starts: [...starts], waits: [...new Set(waits)], asks: [...asks] };
}

/** One batch for each record. */
const single = ({ records, first, ...batch }: Batch): Batch[] =>
  records.map((record, at) => ({ ...batch, first: first + at, records: [record] }));

/** How a state ends when it is folded on. */
function ending(state: FlowState, rest: readonly Batch[]): unknown {
  state.notes = [];
  const end = foldAll(machines, rest, state);
  assert(end === state);
  const notes = state.notes.map(({ snapshot, ...note }) => ({ ...note, value: snapshot.value }));
  return [notes, whole(state), due(state)];
}

/** Cuts a journal after about so many of its records. */
function assertCuts(batches: readonly Batch[], most: number): void {
  for (let cut = 1; cut <= batches.length; cut++) {
    if (drawn(batches.length, cut) > most / batches.length) continue;
    const [begin, rest] = [batches.slice(0, cut), batches.slice(cut)];
    const folded = (): FlowState => foldAll(machines, begin) as FlowState;
    const snapshot = toSnapshot(folded());
    const restored = (): FlowState => fromSnapshot(machines, reread(snapshot));
    const where = `cut after ${cut} of ${batches.length}, ${begin.at(-1)?.records[0]?.kind}`;
    assert.deepStrictEqual(whole(restored()), whole(folded()), where);
    assert.deepStrictEqual(due(restored()), due(folded()), `${where}: what is due`);
    assert.deepStrictEqual(toSnapshot(restored()), snapshot, `${where}: again`);
    const state = restored();
    assert.deepStrictEqual(ending(state, rest), ending(folded(), rest), `${where}: the end`);
    assert.deepStrictEqual(reread(snapshot), reread(toSnapshot(folded())), "it is left alone");
  }
}

/** Records that random lives have none of, each at some place. */
const additions = fc.array(
  fc.record({
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    kind: fc.constantFrom("migrated" as const, "parked" as const, "lost" as const, "run" as const),
  }),
  { maxLength: 3 },
);

const options = { deferReverts: false, neverResolve: false };

t.test("wherever a journal is cut", async (t) => {
  let records = 0;
  await fc.assert(
    fc.asyncProperty(
      flows(8),
      flows(8),
      fc.nat(),
      plans,
      additions,
      fc.array(payload, { minLength: 1, maxLength: 4 }),
      async (spec, other, seed, plan, added, payloads) => {
        const swarm = new Swarm(spec, seed, plan);
        await swarm.live();
        const journal = await swarm.world.store.inner.read("flow");
        let outcomes = 0;
        const batches = journal.flatMap(single).map(({ records: [record], ...batch }) => {
          if (record?.kind === "adopted") {
            return { ...batch, records: [{ ...record, claim: 2 * record.epoch }] };
          }
          if (record?.kind !== "executed" || record.failure !== undefined) {
            return { ...batch, records: [record as FlowRecord] };
          }
          const value = admit(payloads[outcomes++ % payloads.length], "value");
          return { ...batch, records: [{ ...record, value }] };
        });
        const { blueprint } = compile(build(spec, seed).flow);
        const { blueprint: changed } = compile(build(other, seed).flow);
        for (const { at, kind } of added) {
          const place = 1 + Math.floor(at * (batches.length - 2));
          const { records: _, ...batch } = batches[place] as Batch;
          const more: Record<typeof kind, FlowRecord[]> = {
            // There and back, so that what follows means the same.
            migrated: [
              { kind: "migrated", blueprint: changed },
              { kind: "migrated", blueprint },
            ],
            parked: [{ kind: "parked", reason: "too often" }],
            lost: [
              { kind: "lost", atom: 0, direction: "execute", attempt: 1, reason: "owner-died" },
            ],
            run: [{ kind: "run", options: { ...options, deferReverts: true } }],
          };
          const all = kind !== "lost" || blueprint.atoms.length > 0 ? more[kind] : [];
          batches.splice(place, 0, ...all.map((record) => ({ ...batch, records: [record] })));
        }
        records += batches.length;
        assertCuts(batches, 12);
      },
    ),
    { numRuns: Math.ceil(60 * effort), verbose: fc.VerbosityLevel.None },
  );
  t.ok(records > 0, `${records} records`);
});

for (const reference of references) {
  t.test(`wherever the journal of ${reference.flow.name} is cut`, async (t) => {
    const [, { store }] = await play(reference, {
      ...parallel,
      faults: [[{ at: 7, crash: "after" }]],
    });
    const batches = (await store.inner.read("flow")).flatMap(single);
    assertCuts(batches, 120);
    t.pass();
  });
}
