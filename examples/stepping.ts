/** Step by step: `runIter` takes one batch of records at a time; between two steps nothing starts. Leaving early suspends the flow. */
import { linear, load, task } from "../lib/index.ts";
import { isMain } from "./main.ts";

const names = ["one", "two", "three"] as const;
export const steps = linear("steps", ...names.map((name) => task({ name, execute: () => name })));

if (isMain(import.meta.url)) {
  const engine = load(steps);
  const done = (): string =>
    engine.storage
      .atoms()
      .map(({ name, state }) => `${name} ${state}`)
      .join(", ");
  for await (const state of engine.runIter()) {
    console.log(`${state}: ${done()}`);
  }

  const other = load(steps);
  for await (const state of other.runIter()) {
    if (other.storage.atom("one").state === "SUCCESS") break;
    console.log(`other: ${state}`);
  }
  console.log(`other was left: ${other.storage.state}`);
  console.log(`other went on: ${await other.run()}`);
}
