/** Independent tasks at once: the `parallel` engine starts what is ready, up to `concurrency`. */
import { linear, load, task, unordered } from "../lib/index.ts";
import { isMain } from "./main.ts";

const slice = (name: string, from: number, to: number) =>
  task({
    name: `sum-${name}`,
    provides: name,
    execute: async () => {
      let sum = 0;
      for (let number = from; number < to; number++) sum += number;
      return sum;
    },
  });

const total = task({
  name: "total",
  requires: ["low", "middle", "high"],
  provides: "total",
  execute: ({ low, middle, high }: { low: number; middle: number; high: number }) =>
    low + middle + high,
});

export const parallelSums = linear(
  "parallel-sums",
  unordered("slices", slice("low", 0, 100), slice("middle", 100, 200), slice("high", 200, 300)),
  total,
);

if (isMain(import.meta.url)) {
  const engine = load(parallelSums, { engine: "parallel", concurrency: 3 });
  let running = 0;
  let most = 0;
  engine.atomNotifier.on("RUNNING", () => (most = Math.max(most, ++running)));
  engine.atomNotifier.on("SUCCESS", () => running--);
  await engine.run();
  console.log(`total ${String(engine.storage.fetch("total"))}, at most ${most} at once`);
}
