/**
 * How the cost of a flow grows with its atoms: 1,000 to 100,000, as a chain, as a fan, and as one that fails at its
 * last task and is undone. A ratio of 10 between 10,000 and 100,000 is linear. Beside it, what is kept per settled
 * atom, in bytes of heap.
 *
 * Measures running, not compiling (that has a column of its own). In memory, one flow at a time.
 */
import { load } from "../lib/index.ts";
import type { Flow } from "../lib/types.ts";
import { compile } from "../lib/compile/compile.ts";
import { chain, fan, saga } from "./workloads.ts";

const sizes = [1_000, 10_000, 100_000];

async function time(run: () => unknown): Promise<number> {
  const from = performance.now();
  await run();
  return performance.now() - from;
}

const heap = (): number => {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
};

async function grow(name: string, make: (n: number) => Flow): Promise<void> {
  const rows: Record<string, string | number>[] = [];
  let before = NaN;
  for (const n of sizes) {
    const flow = make(n);
    const compileMs = await time(() => compile(flow));
    const times: number[] = [];
    // Small flows are run more often: the shortest of several runs is what the flow costs.
    for (let at = 0; at < Math.max(3, 100_000 / n / 5); at++) {
      times.push(
        await time(() =>
          load(flow, { engine: "parallel", concurrency: 1_000 })
            .run()
            .catch(() => 0),
        ),
      );
    }
    const ms = Math.min(...times);
    const empty = heap();
    const engine = load(flow, { engine: "parallel", concurrency: 1_000 });
    await engine.run().catch(() => 0);
    const bytes = (heap() - empty) / n;
    rows.push({
      atoms: n.toLocaleString("en"),
      "compile ms": Math.round(compileMs),
      "run ms": Number(ms.toFixed(1)),
      "us per atom": Number(((ms / n) * 1_000).toFixed(2)),
      "times the row above": Number((ms / before).toFixed(1)),
      "bytes kept per atom":
        globalThis.gc === undefined ? "run with --expose-gc" : Math.round(bytes),
      state: engine.storage.state,
    });
    before = ms;
  }
  console.log(`\n${name}`);
  console.table(rows);
}

await grow("chain", chain);
await grow("fan", fan);
await grow("saga: fails at the last task, all undone", saga);
