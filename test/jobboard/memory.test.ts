// The jobboard in memory: the contract, with boards that share one store.
import t from "tap";
import { Board } from "../../lib/jobboard/board.ts";
import { MemoryStore, memoryJobboard } from "../../lib/jobboard/memory.ts";
import type { BoardStore, Change, Stored } from "../../lib/jobboard/store.ts";
import { systemClock, systemRandom } from "../../lib/system.ts";
import { jobboardContract } from "../contracts/jobboard.ts";
import { Seen } from "../contracts/jobboard-subject.ts";

const stores = new WeakMap<object, MemoryStore>();

jobboardContract(t, "memory", {
  open: async (_, clock) => {
    const store = new MemoryStore();
    const board = new Board({ store, clock, random: systemRandom });
    stores.set(board, store);
    return board;
  },
  again: async (board) => {
    const store = stores.get(board) ?? new MemoryStore();
    return new Board({ store, clock: systemClock, random: systemRandom });
  },
});

t.test("each board has a store of its own", async (t) => {
  const [one, other] = [memoryJobboard(), memoryJobboard()];
  await one.post({ id: "j", flow: "f" });
  t.equal(await other.count(), 0);
});

t.test("a claim that came through after all is known by its owner", async (t) => {
  const store = new MemoryStore();
  const options = { clock: systemClock, random: systemRandom };
  const other = new Board({ store, ...options });
  let isLate = false;
  const board = new Board({
    ...options,
    store: {
      ...bound(store),
      // The answer is lost, and before anybody can look somebody else changes the job.
      write: async (key, value, expected) => {
        const revision = await store.write(key, value, expected);
        if (!isLate) return revision;
        isLate = false;
        await other.command("j", { kind: "cancel" });
        return undefined;
      },
    },
  });
  await board.post({ id: "j", flow: "f" });
  isLate = true;
  const job = await board.claim("j", "c");
  t.match(job, { owner: "c", claims: 1, commands: [{ kind: "cancel" }] });
  await t.rejects(board.claim("j", "c"), { code: "JOB_UNCLAIMABLE" });
});

t.test("what answers may be behind what refuses, for a while", async (t) => {
  const store = new MemoryStore();
  const options = { clock: systemClock, random: systemRandom };
  const other = new Board({ store, ...options });
  const old = await other.post({ id: "j", flow: "f" });
  const stored = await store.read("j");
  await other.command("j", { kind: "cancel" });
  let isBehind = true;
  systemClock.setTimeout(() => (isBehind = false), 120);
  const read = async (key: string): Promise<Stored | undefined> =>
    isBehind ? stored : store.read(key);
  const board = new Board({ ...options, store: { ...bound(store), read } });
  t.match(await board.claim("j", "c"), { owner: "c", commands: [{ kind: "cancel" }] });
  t.ok(((await board.get("j"))?.revision ?? 0) > old.revision);
});

t.test("a watch that ends by itself ends what depends on it, and can begin again", async (t) => {
  const store = new MemoryStore();
  let end: (error: Error) => void = () => undefined;
  let late: (change: Change) => void = () => undefined;
  const board = new Board({
    ...{ clock: systemClock, random: systemRandom },
    store: {
      ...bound(store),
      watch: async (changed, ended) => {
        [end, late] = [ended, changed];
        return store.watch(changed);
      },
    },
  });
  await board.post({ id: "j", flow: "f" });
  const seen = new Seen();
  const errors: Error[] = [];
  await board.watch(seen.changed, (error) => errors.push(error));
  const waiting = board.wait("j");
  const gone = new Error("the stream is gone");
  const [endOfFirst, first] = [end, late];
  end(gone);
  await t.rejects(waiting, gone);
  t.strictSame(errors, [gone]);
  const again = new Seen();
  await board.watch(again.changed, (error) => errors.push(error));
  t.equal(again.stateOf("j"), "UNCLAIMED");
  first({ key: "j", stored: undefined });
  endOfFirst(gone);
  t.equal(again.stateOf("j"), "UNCLAIMED", "the first watch has nothing to say any more");
  await board.close();
  t.strictSame(errors, [gone], "closing is no failure");
});

function bound(store: MemoryStore): BoardStore {
  return {
    read: async (key) => store.read(key),
    write: async (key, value, expected) => store.write(key, value, expected),
    delete: async (key, expected) => store.delete(key, expected),
    all: async (shelf) => store.all(shelf),
    watch: async (changed) => store.watch(changed),
    sweep: async () => store.sweep(),
    close: async () => store.close(),
  };
}
