/** A flow that fails undoes what it did, in reverse order; the task that failed may have left something, so it is undone first. */
import { linear, run, task } from "../lib/index.ts";
import { isMain } from "./main.ts";

const say = (text: string): void => {
  if (isMain(import.meta.url)) console.log(text);
};

const step = (name: string) =>
  task({
    name,
    provides: name,
    execute: () => {
      say(`do ${name}`);
      return `made by ${name}`;
    },
    revert: (_inputs, { result }) => {
      say(`undo ${name}: ${String(result)}`);
    },
  });

const breaks = task({
  name: "breaks",
  execute: () => {
    throw new Error("the last step does not work");
  },
  revert: (_inputs, { failure, failures }) => {
    say(
      `undo breaks: it failed with "${failure?.message}"; known failures: ${Object.keys(failures).join(", ")}`,
    );
  },
});

export const reverting = linear("reverting", step("one"), step("two"), breaks);

if (isMain(import.meta.url)) {
  await run(reverting).catch((error: Error) => {
    console.log(`the flow threw: ${error.message}`);
  });
}
