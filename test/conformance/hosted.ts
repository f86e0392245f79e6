/** Loaded by the hosts of a pool, with `?folder=…&seed=…`: see `Casework`. */
import { linear } from "../../lib/patterns/linear.ts";
import type { Item } from "../../lib/types.ts";
import { Casework } from "./casework.ts";
import { turnsOf } from "./turns.ts";

const { searchParams } = new URL(import.meta.url);
const tasks = new Casework(searchParams.get("folder") ?? "").tasks(
  turnsOf(Number(searchParams.get("seed"))),
);

/** Never run as a whole: whoever hosts tasks takes them from what is exported. */
export const all = (linear as (name: string, ...items: readonly Item[]) => Item)("all", ...tasks);
