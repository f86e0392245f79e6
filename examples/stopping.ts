/** Limits from outside: a time limit per attempt, and an AbortSignal that cancels the flow, which undoes what it did. */
import { linear, load, task, times } from "../lib/index.ts";
import { isMain } from "./main.ts";

/** Never ends by itself; heeds its signal. */
const waits = (signal: AbortSignal): Promise<never> =>
  new Promise((_resolve, reject) => {
    signal.addEventListener("abort", () => {
      reject(signal.reason as Error);
    });
  });

export const slow = linear(
  "slow",
  { retry: times(2) },
  task({
    name: "hangs-once",
    timeoutMs: 20,
    execute: (_inputs, { attempt, signal }) => (attempt === 1 ? waits(signal) : "in time"),
  }),
);

export const endless = linear(
  "endless",
  task({ name: "prepare", execute: () => "prepared" }),
  task({ name: "endless-task", execute: (_inputs, { signal }) => waits(signal) }),
);

if (isMain(import.meta.url)) {
  const engine = load(slow);
  engine.atomNotifier.on("FAILURE", ({ failure }) => console.log(failure?.message));
  console.log(await engine.run());

  const stop = new AbortController();
  const other = load(endless);
  other.atomNotifier.on("RUNNING", ({ atom }) => {
    if (atom === "endless-task") stop.abort(new Error("the user went home"));
  });
  await other.run({ signal: stop.signal }).catch((error: Error) => {
    console.log(error.message);
  });
  console.log(
    other.storage
      .atoms()
      .map(({ name, state }) => `${name} ${state}`)
      .join(", "),
  );
}
