/**
 * What `--json` prints: one document for each verb. Keys are stable; new ones may come.
 *
 * JSON has fewer kinds of values than flows have: a Date is its ISO text, a bigint its digits as text, a Map a list
 * of pairs, a Set a list, bytes are base64, other typed arrays lists; undefined, NaN and the infinities are null.
 */
import type { Failure } from "../failure.ts";
import type { FlowSummary } from "../journal/journal.ts";
import type { AtomView, FlowView } from "../plan/view.ts";
import { CliError, hintOf } from "./exit.ts";
import { FlowError } from "../errors.ts";
import type { Kept } from "./store.ts";
import { timesOf } from "./times.ts";

/** `run` and `resume`: `{ id, name, state, reason, results, failures }`. */
export function outcomeDocument(view: FlowView): object {
  return {
    id: view.id,
    name: view.name,
    state: view.state,
    reason: view.reason ?? null,
    results: jsonable(view.fetchAll()),
    failures: failuresOf(view),
  };
}

/** `ls`: `{ flows: [{ id, name, state, createdAt, updatedAt, sequence, epoch }] }`, times in epoch milliseconds. */
export function listDocument(flows: readonly FlowSummary[]): object {
  return {
    flows: flows.map(({ id, name, state, createdAt, updatedAt, sequence, epoch }) => {
      return { id, name, state, createdAt, updatedAt, sequence, epoch };
    }),
  };
}

/** `show`: what `run` gives, and `{ meta, owner, createdAt, updatedAt, sequence, epoch, atoms }`. */
export function flowDocument({ view, state, batches }: Kept): object {
  const times = timesOf(batches);
  return {
    ...outcomeDocument(view),
    meta: view.meta,
    owner: state.owner,
    createdAt: batches[0]?.at ?? null,
    updatedAt: batches.at(-1)?.at ?? null,
    sequence: view.sequence,
    epoch: view.epoch,
    atoms: view.atoms().map((atom) => {
      const { startedAt = null, endedAt = null } = times.get(atom.name) ?? {};
      const durationMs = startedAt === null || endedAt === null ? null : endedAt - startedAt;
      return { ...atomDocument(atom), startedAt, endedAt, durationMs };
    }),
  };
}

function atomDocument(atom: AtomView): object {
  const { name, kind, state, intention, attempt, reverts, progress } = atom;
  return {
    name,
    kind,
    state,
    intention,
    attempt,
    reverts,
    progress,
    result: jsonable(atom.result),
    failure: atom.failure ?? null,
    revertResult: jsonable(atom.revertResult),
    revertFailure: atom.revertFailure ?? null,
    history:
      atom.history?.map(({ value, failures }) => ({ value: jsonable(value), failures })) ?? null,
  };
}

/** What failed, by atom; of an atom that could not be undone, why not. */
export function failuresOf(view: FlowView): Record<string, Failure> {
  const failures: Record<string, Failure> = { ...view.failures() };
  for (const { name, revertFailure } of view.atoms()) {
    if (revertFailure !== undefined) failures[name] = revertFailure;
  }
  return failures;
}

/** Any verb that can't do what it was asked for: `{ error: { code, message, hint, about } }`. */
export function errorDocument(error: unknown): object {
  const known = error instanceof FlowError || error instanceof CliError ? error : undefined;
  return {
    error: {
      code: known?.code ?? "INTERNAL",
      message: error instanceof Error ? error.message : String(error),
      hint: hintOf(error) ?? null,
      about: jsonable(known?.about ?? {}),
    },
  };
}

/** The value as JSON can say it. */
export function jsonable(value: unknown): unknown {
  if (value === null || value === undefined) return null;
  if (typeof value === "bigint") return String(value);
  if (typeof value === "number") return Number.isFinite(value) ? value : null;
  if (typeof value !== "object") return value;
  if (Array.isArray(value)) return Array.from(value, jsonable);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (value instanceof Map) return Array.from(value, (pair) => pair.map(jsonable));
  if (value instanceof Set) return Array.from(value, jsonable);
  if (value instanceof ArrayBuffer) return Buffer.from(value).toString("base64");
  if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
  if (ArrayBuffer.isView(value))
    return Array.from(value as unknown as ArrayLike<unknown>, jsonable);
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, jsonable(part)]));
}
