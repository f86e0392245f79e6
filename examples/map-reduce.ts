/** Map and reduce: one function over several inputs, then their results folded into one. */
import { linear, mapTask, reduceTask, run, task, unordered } from "../lib/index.ts";
import { isMain } from "./main.ts";

const readOne = task({
  name: "read-one",
  provides: "one",
  execute: async () => "the quick brown fox jumps over the lazy dog",
});
const readTwo = task({
  name: "read-two",
  provides: "two",
  execute: async () => "the five boxing wizards jump quickly",
});
const readThree = task({
  name: "read-three",
  provides: "three",
  execute: async () => "how vexingly quick daft zebras jump",
});

const counts = mapTask({
  name: "count-words",
  requires: ["one", "two", "three"],
  provides: ["c1", "c2", "c3"],
  map: (text: string) => text.split(" ").length,
});
const total = reduceTask({
  name: "add-up",
  requires: ["c1", "c2", "c3"],
  provides: "words",
  reduce: (a: number, b: number) => a + b,
});

export const wordCount = linear(
  "word-count",
  unordered("read", readOne, readTwo, readThree),
  counts,
  total,
);

if (isMain(import.meta.url)) {
  const { words } = await run(wordCount, { engine: "parallel" });
  console.log(`${words} words in three texts`);
}
