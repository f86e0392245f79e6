/** The smallest flow: one task, which needs a symbol and provides one. */
import { run, task } from "../lib/index.ts";
import { isMain } from "./main.ts";

export const greet = task({
  name: "greet",
  requires: ["who"],
  provides: "greeting",
  execute: ({ who }: { who: string }) => `Hello, ${who}!`,
});

if (isMain(import.meta.url)) {
  const { greeting } = await run(greet, { store: { who: "world" } });
  console.log(greeting);
}
