/** `fourstroke logs ID`: what the tasks of a flow have logged, and with -f what they log from now on. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { FlowError } from "../errors.ts";
import { jsonable } from "../jsonable.ts";
import type { Journal } from "../journal/journal.ts";
import { nearest } from "../nearest.ts";
import { LoggedLines, type LoggedLine } from "../plan/logged.ts";
import type { FlowStateName } from "../plan/states.ts";
import type { LogLevel } from "../types.ts";
import { exitOfState } from "./exit.ts";
import { writeLine } from "./log-lines.ts";
import { styleOf } from "./look.ts";
import type { Output } from "./output.ts";
import { goneOwner } from "./owner.ts";
import { Places, type PlacesOptions } from "./places.ts";
import { findFlow, type Kept, readFlow } from "./store.ts";
import { oneLine } from "./text.ts";
import { verbCommand } from "./verb.ts";

export interface LogsOptions extends PlacesOptions {
  readonly follow?: boolean;
  /** Only lines of these atoms. */
  readonly atom?: readonly string[];
  /** Only lines of this level and above. */
  readonly level?: LogLevel;
}

/** What `logs` prints without `-f`; with it, a line's document in each line. */
export interface LogsDocument {
  readonly id: string;
  /** The root flow's name. */
  readonly name: string;
  readonly state: FlowStateName;
  readonly lines: readonly LineDocument[];
}

/** Every field of `LoggedLine`; `fields` are {} where there are none. */
export type LineDocument = LoggedLine & { readonly fields: Readonly<Record<string, unknown>> };

const levels: readonly LogLevel[] = ["debug", "info", "warn", "error"];

/** @returns the exit code */
export async function logs(id: string, options: LogsOptions, output: Output): Promise<number> {
  // Looking must not make what is not there: see `open` of Places.
  await using places = await Places.open(options, { role: "inspector" });
  const journal = await places.journal();
  if (options.follow === true) return await follow(id, { places, journal }, options, output);
  const kept = await readFlow(journal, id);
  const reading = new Reading(options);
  const lines = reading.next(kept);
  if (output.isJson) {
    const { name, state } = kept.view;
    output.document({ id, name, state, lines: lines.map(lineDocument) } satisfies LogsDocument);
  } else for (const line of lines) writeLine(line, output);
  return 0;
}

interface Source {
  readonly places: Places;
  readonly journal: Journal;
}

/** Milliseconds between two looks; looking takes a tenth of the time at most. */
const lookMs = 500;

/** Until the flow rests: then its state is the exit code, as with `wait`. */
async function follow(
  id: string,
  { places, journal }: Source,
  options: LogsOptions,
  output: Output,
): Promise<number> {
  const reader = leaving();
  const reading = new Reading(options);
  let problem = "";
  let told: string | undefined;
  while (!reader.signal.aborted) {
    const startedAt = performance.now();
    try {
      const kept = (await findFlow(journal, id)) ?? (await unlessPosted(id, places, options));
      problem = "";
      for (const line of kept === undefined ? [] : reading.next(kept)) write(line, output);
      if (kept !== undefined && resting.has(kept.view.state)) return ended(kept, output);
      if (kept !== undefined && kept.state.owner !== told && goneOwner(kept.state.owner)) {
        told = kept.state.owner;
        const command = verbCommand("resume", id, options);
        output.tell(`the process that ran it is gone; it goes on with: ${command}`);
      }
    } catch (error) {
      // It may come back, and the lines are still to come.
      if (!isPassing(error)) throw error;
      if (error.message !== problem) output.tell(error.message);
      problem = error.message;
    }
    const tookMs = performance.now() - startedAt;
    await pause(Math.max(lookMs, 9 * tookMs), undefined, reader).catch(() => undefined);
  }
  return 0;
}

const resting: ReadonlySet<FlowStateName> = new Set([
  ...(["SUCCESS", "REVERTED", "FAILURE"] as const),
  ...(["SUSPENDED", "PARKED"] as const),
]);

const isPassing = (error: unknown): error is FlowError =>
  FlowError.is(error, "JOURNAL_UNAVAILABLE") || FlowError.is(error, "JETSTREAM_UNAVAILABLE");

/** Whoever read it reads no more. */
function leaving(): { readonly signal: AbortSignal } {
  const gone = new AbortController();
  process.stdout.once("error", () => {
    gone.abort();
  });
  return gone;
}

/** A job that waits for a conductor has no records yet. @throws FlowError `NOT_FOUND` */
async function unlessPosted(
  id: string,
  places: Places,
  { nats, dir }: LogsOptions,
): Promise<Kept | undefined> {
  if (nats !== undefined || existsSync(join(dir, "jobs.db"))) {
    const job = await (await places.board()).get(id);
    if (job !== undefined && job.end === undefined && job.state !== "TRASHED") return undefined;
  }
  return readFlow(await places.journal(), id);
}

function ended({ view }: Kept, output: Output): number {
  const { name, state, id } = view;
  if (!output.isJson) {
    output.tell(
      output.paintError([[`flow ${oneLine(name)}  `], [state, styleOf(state)], [`  ${id}`, "dim"]]),
    );
  }
  return exitOfState(state);
}

function write(line: LoggedLine, output: Output): void {
  if (output.isJson) output.write(`${JSON.stringify(lineDocument(line))}\n`);
  else writeLine(line, output);
}

function lineDocument(logged: LoggedLine): LineDocument {
  const { sequence, at, level, atom, direction, attempt, line, missing, message } = logged;
  const fields = jsonable(logged.fields ?? {}) as Record<string, unknown>;
  return { sequence, at, level, atom, direction, attempt, line, missing, message, fields };
}

/** What is new since the last look, of what is wanted. */
class Reading {
  readonly #lines = new LoggedLines();
  readonly #atoms: ReadonlySet<string> | undefined;
  readonly #least: number;
  #sequence = 0;

  constructor({ atom, level = "debug" }: LogsOptions) {
    this.#atoms = atom === undefined ? undefined : new Set(atom);
    this.#least = levels.indexOf(level);
  }

  /** @throws FlowError `NOT_FOUND` of an atom that the flow does not have */
  next({ view, batches }: Kept): LoggedLine[] {
    const names = view.atoms().map(({ name }) => name);
    for (const name of this.#atoms ?? []) if (!names.includes(name)) throw noAtom(name, names);
    const found: LoggedLine[] = [];
    for (const { first, at, records } of batches) {
      if (first + records.length - 1 <= this.#sequence) continue;
      for (const [place, record] of records.entries()) {
        const line = this.#lines.take(record, first + place, at);
        if (line !== undefined && this.#isWanted(line)) found.push(line);
      }
      this.#sequence = first + records.length - 1;
    }
    return found;
  }

  #isWanted({ atom, level }: LoggedLine): boolean {
    return levels.indexOf(level) >= this.#least && (this.#atoms?.has(atom) ?? true);
  }
}

function noAtom(name: string, names: readonly string[]): FlowError<"NOT_FOUND"> {
  const near = nearest(name, names);
  const more = near === undefined ? {} : { nearest: near };
  return new FlowError("NOT_FOUND", { what: "atom", name, ...more });
}
