/** Listeners: changes of the flow's and the atoms' states, all of them or those of one state; what a listener throws is only logged. */
import { linear, load, task, times } from "../lib/index.ts";
import { isMain } from "./main.ts";

let failing = true;
const sometimes = task({
  name: "sometimes",
  execute: () => {
    failing = !failing;
    if (!failing) throw new Error("this time not");
    return "fine";
  },
});

export const listened = linear("listened", { retry: times(2) }, sometimes);

if (isMain(import.meta.url)) {
  const engine = load(listened, { log: (message) => console.log(`log: ${message}`) });
  engine.notifier.on("*", ({ oldState, state }) => console.log(`flow ${oldState} -> ${state}`));
  engine.atomNotifier.on("*", ({ atom, oldState, state, attempt }) =>
    console.log(`${atom} #${attempt} ${oldState} -> ${state}`),
  );
  engine.atomNotifier.on("FAILURE", ({ failure }) => {
    throw new Error(`a listener that dislikes "${failure?.message}"`);
  });
  await engine.run();
}
