/** When atoms started and ended, by the times of the batches: the journal keeps them for people. */
import type { Blueprint } from "../compile/blueprint.ts";
import type { Batch } from "../plan/records.ts";

export interface Times {
  /** Epoch milliseconds of the last start, in either direction. */
  readonly startedAt: number;
  /** Undefined while it is under way. */
  readonly endedAt?: number;
}

const endsAttempt: ReadonlySet<string> = new Set(["complete", "fail"]);

/** By the atom's name. */
export function timesOf(batches: readonly Batch[]): ReadonlyMap<string, Times> {
  const times = new Map<string, Times>();
  let blueprint: Blueprint | undefined;
  for (const { at, records } of batches) {
    for (const record of records) {
      if (record.kind === "created" || record.kind === "migrated") {
        ({ blueprint } = record);
      } else if (record.kind === "started") {
        times.set(nameIn(blueprint, record.atom), { startedAt: at });
      } else if (record.kind === "executed" || record.kind === "reverted") {
        const name = nameIn(blueprint, record.atom);
        times.set(name, { startedAt: times.get(name)?.startedAt ?? at, endedAt: at });
      } else if (record.kind === "edited" && endsAttempt.has(record.edit)) {
        for (const atom of record.atoms) {
          const name = nameIn(blueprint, atom);
          times.set(name, { startedAt: times.get(name)?.startedAt ?? at, endedAt: at });
        }
      } else if (record.kind === "reset") {
        times.clear();
      }
    }
  }
  return times;
}

const nameIn = (blueprint: Blueprint | undefined, atom: number): string =>
  blueprint?.atoms[atom]?.name ?? String(atom);
