/** A flow as an XState actor: followed with `subscribe`, awaited with XState's own `waitFor` and `toPromise`. */
import { toPromise, waitFor } from "xstate";
import { linear, spawn, task } from "../lib/index.ts";
import { isMain } from "./main.ts";

const add = task({
  name: "add",
  requires: ["a", "b"],
  provides: "sum",
  execute: async ({ a, b }: { a: number; b: number }) => a + b,
});
export const adding = linear("adding", add);

if (isMain(import.meta.url)) {
  const ref = spawn(adding, { store: { a: 2, b: 3 } });
  ref.subscribe({ next: ({ value, status }) => console.log(`${value} (${status})`) });
  const atom = ref.atom("add");
  const { context } = await waitFor(atom, ({ value }) => value === "SUCCESS");
  console.log("the task's machine holds", context.result);
  console.log(await toPromise(ref));
}
