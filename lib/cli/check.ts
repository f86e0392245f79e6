/** `fourstroke check FILE[#EXPORT]`: which stored flows today's code would break, and how. */
import { realpath } from "node:fs/promises";
import { unfinishedStates } from "../../actors/registry.ts";
import type { Blueprint } from "../compile/blueprint.ts";
import { compile } from "../compile/compile.ts";
import { hashOf } from "../compile/hash.ts";
import { FlowError } from "../errors.ts";
import type { FlowSummary, Journal } from "../journal/journal.ts";
import type { FlowStateName } from "../plan/states.ts";
import type { Item } from "../types.ts";
import { differences } from "./differences.ts";
import { exitCodes } from "./exit.ts";
import { styleOf } from "./look.ts";
import { withJournal } from "./open-journal.ts";
import type { Output } from "./output.ts";
import type { PlacesOptions } from "./places.ts";
import { type Code, loadCode } from "./source.ts";
import { findUnredacted } from "./store.ts";
import { oneLine, plural, type Style } from "./text.ts";

/**
 * same: it goes on as it is; changed: it goes on with `resume --migrate`; broken: what is recorded would mean something
 * else; gone: the file has no such flow any more.
 */
export type Fit = "same" | "changed" | "broken" | "gone";

/** What `check` prints. */
export interface CheckDocument {
  readonly flows: readonly CheckedFlow[];
}

export interface CheckedFlow {
  readonly id: string;
  readonly name: string;
  readonly state: string;
  readonly fit: Fit;
  /** In words: what is the matter. Empty with same. */
  readonly differences: readonly string[];
}

/** What `resume` goes on with. */
const resumable: readonly FlowStateName[] = [...unfinishedStates, "PARKED", "FAILURE"];

/** A page of flows is looked at, at most. */
const most = 10_000;

/** @returns the exit code */
export async function check(
  named: string,
  options: PlacesOptions,
  output: Output,
): Promise<number> {
  const code = await loadCode(named);
  const file = await realpath(code.file);
  const checked = await withJournal(options, async (journal) => {
    const stored = await journal.list({ states: resumable, limit: most });
    const flows: CheckedFlow[] = [];
    for (const summary of stored.toReversed()) {
      const flow = await checkOne(journal, summary, { ...code, file });
      if (flow !== undefined) flows.push(flow);
    }
    if (stored.length === most)
      output.tell(`only the newest ${most.toLocaleString("en")} flows were looked at`);
    return flows;
  });
  if (output.isJson) output.document({ flows: checked } satisfies CheckDocument);
  else write(checked, output);
  const breaks = checked.some(({ fit }) => fit === "broken" || fit === "gone");
  return breaks ? exitCodes.REFUSED : exitCodes.SUCCESS;
}

/** Undefined for a flow of other code. */
async function checkOne(
  journal: Journal,
  { id, name, state }: FlowSummary,
  code: Code,
): Promise<CheckedFlow | undefined> {
  const kept = await findUnredacted(journal, id);
  if (kept === undefined) return undefined;
  const { file, export: exported = "default" } = kept.view.meta;
  const flow = { id, name, state };
  if (file === undefined) {
    // Not begun by the command line: its name is all that says where it comes from.
    const item = [...code.items.values()].find((one) => one.name === name);
    return item && { ...flow, ...compared(kept.state.blueprint, item) };
  }
  const place = await realpath(file).catch(() => file);
  if (place !== code.file || (code.wanted !== undefined && code.wanted !== exported))
    return undefined;
  const item = code.items.get(exported);
  if (item !== undefined) return { ...flow, ...compared(kept.state.blueprint, item) };
  return { ...flow, fit: "gone", differences: [`no flow is exported as "${exported}"`] };
}

function compared(old: Blueprint, item: Item): Pick<CheckedFlow, "fit" | "differences"> {
  let next: Blueprint;
  try {
    next = compile(item).blueprint;
  } catch (error) {
    if (!FlowError.is(error, "COMPILE_FAILED")) throw error;
    return { fit: "broken", differences: [error.message] };
  }
  if (hashOf(old) === hashOf(next)) return { fit: "same", differences: [] };
  const { allowed, refused } = differences(old, next);
  if (refused.length > 0) return { fit: "broken", differences: [...refused, ...allowed] };
  return { fit: allowed.length > 0 ? "changed" : "same", differences: allowed };
}

const looks: Readonly<Record<Fit, readonly [text: string, style: Style]>> = {
  same: ["goes on", "green"],
  changed: ["goes on with --migrate", "yellow"],
  broken: ["can't go on with this code", "red"],
  gone: ["its code is gone", "red"],
};

function write(flows: readonly CheckedFlow[], output: Output): void {
  if (flows.length === 0) return output.line("no stored flow of this code that could go on");
  for (const { id, name, state, fit, differences: found } of flows) {
    const known = styleOf(state as FlowStateName);
    output.line(
      output.paint([
        [oneLine(id), "bold"],
        [`  ${oneLine(name)}`],
        [`  ${state}  `, known],
        looks[fit],
      ]),
    );
    for (const difference of found) output.line(`  ${oneLine(difference)}`);
  }
  const broken = flows.filter(({ fit }) => fit === "broken" || fit === "gone").length;
  if (broken > 0) output.tell(`${plural(broken, "flow")} of ${flows.length} would break`);
}
