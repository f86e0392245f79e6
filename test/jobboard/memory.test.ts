// The jobboard in memory: the contract, with boards that share one store.
import t from "tap";
import { Board } from "../../lib/jobboard/board.ts";
import { MemoryStore, memoryJobboard } from "../../lib/jobboard/memory.ts";
import { systemClock, systemRandom } from "../../lib/system.ts";
import { jobboardContract } from "../contracts/jobboard.ts";

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
