/** Batches as an engine of ten tasks writes them: what begins the flow, then an outcome and a start each. */
import { blueprintVersion, type Blueprint } from "../lib/compile/blueprint.ts";
import type { Batch, FlowRecord } from "../lib/plan/records.ts";

const blueprint: Blueprint = {
  version: blueprintVersion,
  flow: "bench",
  atoms: Array.from({ length: 10 }, (_, atom) => ({
    name: `task-${atom}`,
    kind: "task",
    version: 1,
    priority: 0,
    scope: 0,
    retry: -1,
    inputs: [],
    revertInputs: [],
    provides: null,
    inject: {},
    reverts: false,
    deciders: [],
  })),
  scopes: [],
  successors: [],
};

const writer = "01890000-0000-7000-8000-000000000000";
const at = 1_700_000_000_000;

export function batch(place: number): Batch {
  const records: FlowRecord[] =
    place === 0
      ? [
          { kind: "created", flow: "bench", blueprint, store: { size: 3 }, meta: {} },
          { kind: "adopted", owner: writer, epoch: 1 },
        ]
      : [
          { kind: "executed", atom: place, attempt: 1, value: { ok: true, place } },
          { kind: "started", atom: place + 1, direction: "execute", attempt: 1 },
        ];
  return { writer, epoch: 1, first: place * 2 + 1, at, records };
}

/** Of the flow of that number. */
export const flowId = (number: number): string =>
  `01890000-0000-7000-8000-${String(number).padStart(12, "0")}`;
