/** A retry controller of one's own: `execute` makes the value of the next attempt, `onFailure` decides what a failure leads to. */
import { linear, load, retry, task } from "../lib/index.ts";
import { isMain } from "./main.ts";

/** Halves the size until it fits; gives up below 10. */
const halve = retry({
  name: "halve",
  requires: ["wanted"],
  provides: "size",
  execute: ({ wanted }: { wanted: number }, { history }) => wanted / 2 ** history.length,
  onFailure: ({ wanted }: { wanted: number }, { history }) =>
    wanted / 2 ** history.length < 10 ? "REVERT" : "RETRY",
});

const reserve = task({
  name: "reserve",
  requires: ["size"],
  provides: "reserved",
  execute: ({ size }: { size: number }) => {
    if (size > 30) throw new RangeError(`${size} is too much`);
    return size;
  },
});

export const fitting = linear("fitting", { retry: halve }, reserve);

if (isMain(import.meta.url)) {
  const engine = load(fitting, { store: { wanted: 100 } });
  await engine.run();
  const tried = engine.storage.history("halve").map(({ value }) => value);
  console.log(`tried ${tried.join(", ")}; reserved ${String(engine.storage.fetch("reserved"))}`);
}
