/** Tasks one after the other: each sees what those before it provide. */
import { linear, run, task } from "../lib/index.ts";
import { isMain } from "./main.ts";

const parse = task({
  name: "parse",
  requires: ["text"],
  provides: "numbers",
  execute: ({ text }: { text: string }) => text.split(" ").map(Number),
});
const add = task({
  name: "add",
  requires: ["numbers"],
  provides: "sum",
  execute: ({ numbers }: { numbers: number[] }) => numbers.reduce((a, b) => a + b, 0),
});
const tell = task({
  name: "tell",
  requires: ["numbers", "sum"],
  provides: "sentence",
  execute: ({ numbers, sum }: { numbers: number[]; sum: number }) =>
    `${numbers.join(" + ")} = ${sum}`,
});

export const sums = linear("sums", parse, add, tell);

if (isMain(import.meta.url)) {
  const { sentence } = await run(sums, { store: { text: "1 2 3 4" } });
  console.log(sentence);
}
