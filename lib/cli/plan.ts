/** `fourstroke plan FILE`: what a run would do, and what a failure would undo, before anything is run. */
import { machines } from "../../actors/machines.ts";
import type { Blueprint } from "../compile/blueprint.ts";
import { compile } from "../compile/compile.ts";
import { validate } from "../compile/validate.ts";
import { FlowError } from "../errors.ts";
import { nearest } from "../nearest.ts";
import { type Rehearsal, rehearse, type RehearsedStep } from "../plan/rehearse.ts";
import type { Verdict } from "../types.ts";
import { exitCodes } from "./exit.ts";
import { styleOf, symbolOf } from "./look.ts";
import type { Output } from "./output.ts";

import { readObject } from "./read-object.ts";
import { loadFlow } from "./source.ts";
import { oneLine, plural, type Span } from "./text.ts";

export interface PlanOptions {
  readonly failAt?: string;
  readonly verdict: Verdict;
  readonly store?: string;
}

/** What `plan` prints. */
export interface PlanDocument {
  /** The root flow's name. */
  readonly name: string;
  readonly failAt: string | null;
  /** How the run would end. */
  readonly end: Rehearsal["end"];
  readonly steps: readonly StepDocument[];
  /** Atoms that would never start. */
  readonly untouched: readonly string[];
}

type StepDocument =
  | {
      readonly kind: "execute" | "revert";
      readonly atom: string;
      readonly attempt: number;
      readonly fails: boolean;
      /** Nothing is called: a controller without `execute` or `revert` of its own counts as one that has them. */
      readonly isCalled: boolean;
    }
  | {
      readonly kind: "verdict";
      readonly retry: string;
      readonly atom: string;
      readonly verdict: Verdict;
    };

/** @returns the exit code */
export async function plan(file: string, options: PlanOptions, output: Output): Promise<number> {
  const store = await readObject("--store", options.store);
  const { flow } = await loadFlow(file);
  const { blueprint } = compile(flow);
  validate(blueprint, Object.keys(store));
  const { failAt, verdict } = options;
  const failing = failAt === undefined ? {} : { failing: numberOf(blueprint, failAt) };
  const rehearsal = rehearse(machines, blueprint, { ...failing, verdict });
  const document = documentOf(blueprint, rehearsal, failAt);
  if (output.isJson) output.document(document);
  else write(document, output);
  return exitCodes.SUCCESS;
}

function numberOf({ atoms }: Blueprint, name: string): number {
  const names = atoms.map((atom) => atom.name);
  const atom = names.indexOf(name);
  if (atom >= 0) return atom;
  const near = nearest(name, names);
  const guess = near === undefined ? {} : { nearest: near };
  throw new FlowError("NOT_FOUND", { what: "atom", name, ...guess });
}

function documentOf(
  blueprint: Blueprint,
  { steps, end, untouched }: Rehearsal,
  failAt: string | undefined,
): PlanDocument {
  const nameOf = (atom: number): string => blueprint.atoms[atom]?.name ?? "";
  const document = (step: RehearsedStep): StepDocument => {
    if (step.kind === "verdict") {
      const { kind, retry, atom, verdict } = step;
      return { kind, retry: nameOf(retry), atom: nameOf(atom), verdict };
    }
    const { kind, atom, attempt, fails } = step;
    const isCalled = kind === "execute" || blueprint.atoms[atom]?.reverts === true;
    return { kind, atom: nameOf(atom), attempt, fails, isCalled };
  };
  return {
    name: blueprint.flow,
    failAt: failAt ?? null,
    end,
    steps: steps.map(document),
    untouched: untouched.map(nameOf),
  };
}

function write({ name, end, steps, untouched }: PlanDocument, output: Output): void {
  const line = (...spans: readonly Span[]): void => output.line(output.paint(spans));
  line(symbolOf(end), [` ${oneLine(name)}`, "bold"], [`  would end ${end}`, styleOf(end)]);
  for (const step of steps) line(["  "], ...spansOf(step));
  if (untouched.length === 0) return;
  line([`  ${plural(untouched.length, "atom")} would not start: `, "dim"], [namesOf(untouched)]);
}

const namesOf = (names: readonly string[]): string => names.map(oneLine).join(", ");

function spansOf(step: StepDocument): readonly Span[] {
  if (step.kind === "verdict") {
    const { retry, verdict, atom } = step;
    return [
      symbolOf("RETRYING"),
      [` ask      ${oneLine(retry)} about ${oneLine(atom)}: ${verdict}`],
    ];
  }
  const { kind, atom, attempt, fails, isCalled } = step;
  const again: Span = [attempt > 1 ? `  #${attempt}` : "", "magenta"];
  const name = oneLine(atom);
  if (fails) return [symbolOf("FAILURE"), [` execute  ${name}`], ["  fails", "red"], again];
  if (kind === "execute") return [symbolOf("SUCCESS"), [` execute  ${name}`], again];
  const idle: Span = [isCalled ? "" : "  nothing to call", "dim"];
  return [symbolOf("REVERTED"), [` revert   ${name}`], again, idle];
}
