// fourstroke in the peer harness. Every task is an atom whose start and result are recorded.
// Needs the built project: `npm run build` first.
import { load, memoryJournal, sqliteJournal } from "../../build/lib/index.js";
import { chain, compensations, fan, saga } from "../../build/bench/workloads.js";

const durabilities = { durable: "process", "durable-sync": "disk" };

export function open({ mode, dir }) {
  return openEngine(
    mode === "volatile" ? undefined : sqliteJournal({ dir, durability: durabilities[mode] }),
  );
}

export function openEngine(journal) {
  const options = { engine: "parallel", concurrency: 1_000 };
  const start = (flow) => load(flow, { ...options, journal: journal ?? memoryJournal() });
  return {
    async chain(n) {
      const engine = start(chain(n));
      await engine.run();
      return engine.storage.fetch(`v${n - 1}`);
    },
    async fan(n) {
      const engine = start(fan(n));
      await engine.run();
      return engine.storage.fetch("out");
    },
    async saga(n) {
      const before = compensations.count;
      const engine = start(saga(n));
      let failed = false;
      await engine.run().catch(() => (failed = true));
      const undone = engine.storage.atoms().filter(({ state }) => state === "REVERTED").length;
      // The failed task is undone too; it has nothing to call. `before` counts other sagas that run beside this one.
      return failed && compensations.count > before ? undone - 1 : -1;
    },
    close: () => journal?.close(),
  };
}
