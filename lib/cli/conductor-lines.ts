/** What a conductor says of itself and its jobs: a short line each for people, or one JSON object a line. */
import type { Conductor } from "../../actors/conductor.ts";
import type { ConductorEvent } from "../../actors/conductor-options.ts";
import { exitCodes } from "./exit.ts";
import { jsonable } from "../jsonable.ts";
import { styleOf } from "./look.ts";
import { fieldsText, tellingFields } from "./log-text.ts";
import type { OpenConductor } from "./open-conductor.ts";
import type { Output } from "./output.ts";
import type { WriteLine } from "./report.ts";
import { cut, duration, oneLine, plural, type Span, type Style } from "./text.ts";
import type { FlowStateName } from "../plan/states.ts";

const styles: Readonly<Partial<Record<ConductorEvent["kind"], Style>>> = {
  claimed: "cyan",
  abandoned: "yellow",
  refused: "yellow",
  trashed: "red",
  lost: "red",
};

/** Columns that names of flows, and problems, may take. */
const widest = 200;

export class ConductorLines {
  readonly #output: Output;
  readonly #line: WriteLine;
  /** What happened before it was told that it is ready. */
  #early: ConductorEvent[] | undefined = [];

  /** @param line - writes a line for people */
  constructor(
    output: Output,
    line: WriteLine = (spans) => {
      output.line(output.paint(spans));
    },
  ) {
    this.#output = output;
    this.#line = (spans) => {
      if (!output.isJson) line(spans);
    };
  }

  ready({ conductor, name, flows, engine }: OpenConductor): void {
    const names = flows.map((flow) => flow.name).sort();
    this.event("ready", {
      name,
      roles: ["conductor"],
      conductor: conductor.owner,
      flows: names,
      engine,
    });
    const head = `  ${oneLine(name)}  as conductor, ${engine}, ${plural(names.length, "flow")}`;
    const list = cut(names.map(oneLine).join(", "), widest);
    this.#line([["ready", "green"], [`${head}: ${list}`], [`  ${conductor.owner}`, "dim"]]);
    const early = this.#early ?? [];
    this.#early = undefined;
    for (const event of early) this.#tell(event);
  }

  /** Tells what becomes of jobs. */
  follow({ notifier }: Conductor): void {
    notifier.on("*", (event) => {
      if (this.#early === undefined) this.#tell(event);
      else this.#early.push(event);
    });
  }

  draining(signal: string, drainMs: number, { statistics }: Conductor): void {
    const { running } = statistics;
    this.event("draining", { signal, running, drainMs });
    const most = `${duration(drainMs)} at most, a second signal stops at once`;
    this.#line([["draining", "yellow"], [`  ${plural(running, "flow")} to hand over; ${most}`]]);
  }

  /** @returns the exit code */
  ended({ statistics }: Conductor, lostBefore: number): number {
    const left = statistics.lost - lostBefore;
    this.event("ended", { left, statistics });
    const { consumed, abandoned } = statistics;
    const what = `  ${plural(consumed, "job")} done, ${abandoned} given back`;
    if (left === 0) this.#line([["ended", "green"], [what]]);
    else this.#line([["ended", "red"], [`${what}, ${left} left to whoever takes over`]]);
    return left === 0 ? exitCodes.SUCCESS : exitCodes.LEFT;
  }

  log(message: string, fields: Readonly<Record<string, unknown>> = {}, level = "info"): void {
    this.event("log", { message, level, fields: jsonable(withProblem(fields)) });
    const more = fieldsText(withProblem(tellingFields(message, fields)));
    this.#line([[oneLine(`${message}${more}`), "dim"]]);
  }

  /** One object in one line, for `--json` only. */
  event(event: string, fields: Readonly<Record<string, unknown>>): void {
    if (this.#output.isJson) this.#output.write(`${JSON.stringify({ event, ...fields })}\n`);
  }

  #tell({ kind, job, from, end, problem }: ConductorEvent): void {
    if (kind === "prepared") return;
    const { id, flow, priority } = job;
    const state = end?.state;
    this.event(kind, {
      ...{ id, flow, priority, from: from ?? null, state: state ?? null },
      problem: problem === undefined ? null : messageOf(problem),
    });
    const spans: Span[] = [
      state === undefined
        ? [kind, styles[kind] ?? "plain"]
        : [state, styleOf(state as FlowStateName)],
      [`  ${oneLine(flow)}`, "bold"],
      [`  ${oneLine(id)}`],
    ];
    if (from !== undefined) spans.push([`  from ${oneLine(from)}, who is dead`, "yellow"]);
    if (problem !== undefined) spans.push([`  ${cut(oneLine(messageOf(problem)), widest)}`, "red"]);
    this.#line(spans);
  }
}

const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);

function withProblem({
  error,
  ...rest
}: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return error === undefined ? rest : { ...rest, problem: messageOf(error) };
}
