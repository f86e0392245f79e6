/** When what ran, waited or was undone: a flow's records as spans of time. */
import type { Blueprint } from "../../compile/blueprint.ts";
import type { Direction, FlowRecord } from "../../plan/records.ts";
import type { Entry } from "./player.ts";

export interface Span {
  readonly kind: Direction | "wait";
  /** Number of the attempt; of a wait, of the attempt that it comes before. */
  readonly attempt: number;
  readonly startedAt: number;
  /** Undefined: it is still open. */
  endedAt: number | undefined;
  outcome: "open" | "done" | "failed" | "withdrawn";
  /** How often its host took it down. */
  losses: number;
  /** Sequence of the record that began it. */
  readonly sequence: number;
}

/** Spans by the name of the atom, oldest first. */
export type Spans = ReadonlyMap<string, readonly Span[]>;

export function spansOf(entries: readonly Entry[], upTo: number): Spans {
  const lines = new Lines();
  for (const entry of entries) {
    if (entry.sequence > upTo) break;
    lines.take(entry);
  }
  return lines.spans;
}

class Lines {
  readonly spans = new Map<string, Span[]>();
  /** By atom and kind. */
  readonly #open = new Map<string, Span>();
  #blueprint: Blueprint | undefined;

  take({ record, at, sequence }: Entry): void {
    switch (record.kind) {
      case "created":
      case "migrated":
        this.#blueprint = record.blueprint;
        return;
      case "started": {
        // What waited for this start waits no more.
        this.#end(record.atom, "wait", at, "done");
        const { atom, direction, attempt } = record;
        this.#begin(atom, direction, attempt, at, sequence);
        return;
      }
      case "executed":
      case "reverted": {
        const direction = record.kind === "executed" ? "execute" : "revert";
        this.#end(record.atom, direction, at, record.failure === undefined ? "done" : "failed");
        return;
      }
      case "lost": {
        const span = this.#open.get(`${record.direction} ${this.#name(record.atom)}`);
        if (span !== undefined) span.losses++;
        return;
      }
      case "retryDecided":
        if (record.verdict === "RETRY" && (record.delayMs ?? 0) > 0) {
          this.#begin(record.retry, "wait", 0, at, sequence);
        }
        return;
      default:
        this.#stop(record, at);
    }
  }

  /** Commands and ends close what they take back. */
  #stop(record: FlowRecord, at: number): void {
    if ("withdraws" in record) {
      for (const { atom, direction } of record.withdraws)
        this.#end(atom, direction, at, "withdrawn");
    }
    if (record.kind === "timerFired") this.#end(record.retry, "wait", at, "done");
    if (record.kind === "edited") this.#edit(record, at);
    if (record.kind === "reset" || record.kind === "cancel")
      this.#endAll(at, record.kind === "cancel");
  }

  #edit({ edit, atoms }: Extract<FlowRecord, { kind: "edited" }>, at: number): void {
    for (const atom of atoms) {
      if (edit === "complete") this.#end(atom, "execute", at, "done");
      else if (edit === "fail") this.#end(atom, "execute", at, "failed");
      else if (edit === "retryNow") this.#end(atom, "wait", at, "done");
    }
    // Of what was set back, nobody waits for anything that was open.
    if (edit === "retryFrom") this.#endAll(at, true);
  }

  #endAll(at: number, onlyWaits: boolean): void {
    for (const [key, span] of this.#open) {
      if (onlyWaits && span.kind !== "wait") continue;
      span.endedAt = at;
      span.outcome = "withdrawn";
      this.#open.delete(key);
    }
  }

  #begin(atom: number, kind: Span["kind"], attempt: number, at: number, sequence: number): void {
    const name = this.#name(atom);
    const key = `${kind} ${name}`;
    const span: Span = {
      kind,
      attempt,
      startedAt: at,
      endedAt: undefined,
      outcome: "open",
      losses: 0,
      sequence,
    };
    this.#open.set(key, span);
    const line = this.spans.get(name);
    if (line === undefined) this.spans.set(name, [span]);
    else line.push(span);
  }

  #end(atom: number, kind: Span["kind"], at: number, outcome: Span["outcome"]): void {
    const key = `${kind} ${this.#name(atom)}`;
    const span = this.#open.get(key);
    if (span === undefined) return;
    span.endedAt = at;
    span.outcome = outcome;
    this.#open.delete(key);
  }

  #name(atom: number): string {
    return this.#blueprint?.atoms[atom]?.name ?? String(atom);
  }
}

/** A stretch of time and the part of the width that shows it. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
  /** Of the whole width, from 0 to 1. */
  readonly left: number;
  readonly right: number;
  /** Nothing happened: it is shown narrow. */
  readonly isFolded: boolean;
}

/** The part of the width that a folded gap takes; how much longer than the rest of the time it has to be. */
const folded = { width: 0.03, part: 0.1, leastMs: 1_000 } as const;

/**
 * Lays time out over a width, with long gaps in which nothing happened folded.
 *
 * @param busy - stretches in which something happened, in any order
 */
export function scaleOf(
  busy: readonly (readonly [from: number, to: number])[],
): readonly Stretch[] {
  const merged = union(busy);
  const first = merged[0];
  const last = merged.at(-1);
  if (first === undefined || last === undefined) return [];
  const busyMs = merged.reduce((sum, [from, to]) => sum + (to - from), 0);
  const longest = Math.max(folded.leastMs, busyMs * folded.part);
  const parts: { from: number; to: number; isFolded: boolean }[] = [];
  merged.forEach(([from, to], at) => {
    const before = merged[at - 1];
    const gap = before === undefined ? 0 : from - before[1];
    const previous = parts.at(-1);
    if (previous !== undefined && before !== undefined && gap <= longest) previous.to = to;
    else {
      if (before !== undefined) parts.push({ from: before[1], to: from, isFolded: true });
      parts.push({ from, to, isFolded: false });
    }
  });
  const gaps = parts.filter(({ isFolded }) => isFolded).length;
  const gapWidth = Math.min(folded.width, 0.4 / Math.max(1, gaps));
  const shownMs = parts.reduce(
    (sum, { from, to, isFolded }) => sum + (isFolded ? 0 : to - from),
    0,
  );
  const room = 1 - gaps * gapWidth;
  let left = 0;
  return parts.map(({ from, to, isFolded }) => {
    const share = shownMs === 0 ? 1 / (parts.length - gaps) : (to - from) / shownMs;
    const right = left + (isFolded ? gapWidth : share * room);
    const stretch = { from, to, left, right, isFolded };
    left = right;
    return stretch;
  });
}

/** Where a moment stands in the width, from 0 to 1. */
export function placeOf(scale: readonly Stretch[], at: number): number {
  for (const { from, to, left, right } of scale) {
    if (at > to) continue;
    if (at <= from) return left;
    return left + ((at - from) / (to - from)) * (right - left);
  }
  return 1;
}

function union(busy: readonly (readonly [from: number, to: number])[]): [number, number][] {
  const merged: [number, number][] = [];
  for (const [from, to] of [...busy].sort((one, other) => one[0] - other[0])) {
    const last = merged.at(-1);
    if (last !== undefined && from <= last[1]) last[1] = Math.max(last[1], to);
    else merged.push([from, Math.max(from, to)]);
  }
  return merged;
}
