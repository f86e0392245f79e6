// I2: what the page folds out of what the server sends is, at every record, what the engine had then.
import t from "tap";
import { machines } from "../../actors/machines.ts";
import { linear, load, memoryJournal, task, times, unordered } from "../../lib/index.ts";
import type { RecordsDocument } from "../../lib/inspector/documents.ts";
import { Player } from "../../lib/inspector/model/player.ts";
import { fromJson } from "../../lib/inspector/wire.ts";
import { digestOf } from "../../lib/plan/digest.ts";
import { created, fold, foldAll } from "../../lib/plan/fold.ts";
import type { Batch } from "../../lib/plan/records.ts";
import type { FlowState } from "../../lib/plan/state.ts";
import { serve } from "./serve.ts";

/** Fails now and then, gives values of every kind, is suspended once and reverted in the end. */
function stormy() {
  let turn = 0;
  const values: readonly unknown[] = [
    1n,
    new Date(5),
    new Map([[{ a: 1 }, new Set([undefined])]]),
    NaN,
    [new Uint16Array([1, 65_535])],
    { $: ["date", 1] },
  ];
  const tasks = Array.from({ length: 26 }, (_, at) =>
    task({
      name: `work-${at}`,
      provides: `value-${at}`,
      execute: async () => {
        if (turn++ % 7 === 6) throw new Error(`turn ${turn}`, { cause: new TypeError("why") });
        return values[at % values.length];
      },
      revert: async () => undefined,
    }),
  );
  const last = task({
    name: "last",
    execute: () => {
      throw new Error("never");
    },
  });
  return linear(
    "stormy",
    unordered("side-by-side", { retry: times(4) }, ...tasks.slice(0, 12)),
    linear("in-a-row", { retry: times(5, { revertAll: true }) }, ...tasks.slice(12), last),
  );
}

async function readAll(base: string, id: string): Promise<readonly Batch[]> {
  const all: Batch[] = [];
  for (let after = 0; ; ) {
    const response = await fetch(`${base}api/records?id=${id}&after=${after}`);
    const { batches, more } = (await response.json()) as RecordsDocument;
    all.push(...(batches.map(fromJson) as Batch[]));
    const last = all.at(-1);
    after = last === undefined ? 0 : last.first + last.records.length - 1;
    if (!more) return all;
  }
}

const statesOf = (state: FlowState) => ({
  flow: state.flow.value,
  atoms: state.snapshots.map(({ value }) => value),
  intentions: [...state.intentions],
  digest: digestOf(state),
});

t.test("at every record the page has the engine's states", async (t) => {
  const journal = memoryJournal();
  const engine = load(stormy(), { id: "stormy", journal, engine: "parallel" });
  await t.rejects(engine.run());
  const kept = await journal.read("stormy");
  const inspector = await serve({ journal });
  t.teardown(() => inspector.close());

  // What the engine folded, record by record.
  const own: ReturnType<typeof statesOf>[] = [];
  let state: FlowState | undefined;
  for (const { at, records } of kept) {
    for (const record of records) {
      if (state === undefined) {
        if (record.kind === "created") state = created(machines, record);
      } else {
        state.at = at;
        fold(state, record);
      }
      if (state !== undefined) own.push(statesOf(state));
    }
  }
  t.ok(own.length >= 190, `${own.length} records`);
  t.equal(
    digestOf(foldAll(machines, kept) as FlowState),
    engine.storage.digest,
    "as the engine ended",
  );

  const player = new Player();
  player.add(await readAll(inspector.url, "stormy"));
  t.equal(player.last, own.length);
  for (let sequence = 1; sequence <= own.length; sequence++) {
    const moment = player.moment(sequence);
    t.strictSame(statesOf(moment!.state), own[sequence - 1], `record ${sequence}`);
  }
  // And backwards, which folds anew.
  for (let sequence = own.length; sequence >= 1; sequence -= 9) {
    t.strictSame(
      statesOf(player.moment(sequence)!.state),
      own[sequence - 1],
      `back to ${sequence}`,
    );
  }
  const { visits } = player.moment(player.last)!;
  for (const [name, list] of visits) {
    t.ok(
      list.every(({ from }, at) => at === 0 || list[at - 1]!.to === from),
      `${name}: one way, without gaps`,
    );
  }
});

t.test("batches that come twice, or before those that they follow, are left out", async (t) => {
  const journal = memoryJournal();
  await load(linear("two", task({ name: "a", execute: () => 1 })), { id: "two", journal }).run();
  const batches = await journal.read("two");
  const player = new Player();
  t.equal(player.moment(1), undefined);
  player.add(batches.slice(1));
  t.equal(player.last, 0);
  player.add(batches);
  player.add(batches);
  t.equal(
    player.last,
    batches.reduce((sum, { records }) => sum + records.length, 0),
  );
  t.equal(player.moment(10_000)?.state.flow.value, "SUCCESS", "the last one that there is");
});
