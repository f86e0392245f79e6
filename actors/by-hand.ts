/** Edits of flows that nobody runs, straight into their journals: it takes no code, only the blueprint that is there. */
import { encode } from "../lib/bytes.ts";
import type { Clock } from "../lib/clock.ts";
import { FlowError } from "../lib/errors.ts";
import type { Journal } from "../lib/journal/journal.ts";
import { readState } from "../lib/journal/latest.ts";
import { atomsOf, type Edit, recordOf, whyNot } from "../lib/plan/edit.ts";
import { whyNotFork } from "../lib/plan/edit-from.ts";
import { created, fold } from "../lib/plan/fold.ts";
import type { FlowRecord } from "../lib/plan/records.ts";
import type { FlowState } from "../lib/plan/state.ts";
import { adoption } from "./adoption.ts";
import { machines } from "./machines.ts";

export interface Hand {
  readonly journal: Journal;
  readonly clock: Clock;
  /** Name of this writer and owner in the journal. */
  readonly owner: string;
}

const maxLost = 3;

/**
 * Adopts the flow, as an owner would, and edits it. Whoever runs it is fenced: ask first.
 *
 * @param make - makes the edit of the flow as it is then
 * @param id - tells the edit from the same one another time
 * @returns the flow as it is then
 * @throws FlowError `EDIT_REFUSED`, `NOT_FOUND`, `FENCED`, and what the journal throws
 */
export async function editStored(
  { journal, clock, owner }: Hand,
  flow: string,
  make: (state: FlowState) => Edit,
  id: string,
): Promise<FlowState> {
  const { state } = await readState(machines, journal, flow);
  if (state === undefined) throw new FlowError("NOT_FOUND", { what: "flow", name: flow });
  const first = state.sequence + 1;
  const at = clock.now();
  state.at = at;
  const { blueprint } = state;
  const records = adoption(state, blueprint, { owner, claim: undefined, migrates: false, maxLost });
  for (const record of records) fold(state, record);
  const edit = make(state);
  refuse(state, edit, whyNot(state, edit));
  const record = recordOf(state, edit, id);
  fold(state, record);
  records.push(record);
  const batch = { writer: owner, epoch: state.epoch, first, at, records };
  await journal.append(flow, batch, state.flow.value);
  return state;
}

/**
 * What goes into one batch: atoms, and bytes of their results; a larger one has a batch to itself. Journals take any
 * batch, but they make it in memory, several times over.
 */
const most = { atoms: 50, bytes: 1024 * 1024 } as const;

/**
 * Begins a flow with the blueprint and the store of another one, in which everything that doesn't come after an atom,
 * nor is it, has the result that it has there.
 *
 * @throws FlowError `EDIT_REFUSED` when what goes before the atom isn't done there, `ALREADY_EXISTS`, `NOT_FOUND`,
 *   and what the journal throws
 */
export async function forkStored(
  { journal, clock, owner }: Hand,
  flow: string,
  atom: string,
  id: string,
): Promise<FlowState> {
  const { state: old } = await readState(machines, journal, flow);
  if (old === undefined) throw new FlowError("NOT_FOUND", { what: "flow", name: flow });
  if ((await journal.read(id)).length > 0) {
    throw new FlowError("ALREADY_EXISTS", { what: "flow", name: id });
  }
  const edit: Edit = { kind: "retryFrom", atoms: [atom] };
  const why = whyNotFork(old, atom);
  refuse(old, edit, typeof why === "string" ? why : undefined, "fork");
  const back = why as ReadonlySet<number>;
  const { blueprint, store, meta } = old;
  const records: FlowRecord[] = [
    { kind: "created", flow: id, blueprint, store, meta: { ...meta, forkOf: flow } },
    { kind: "adopted", owner, epoch: 1 },
  ];
  const state = created(machines, records[0] as Extract<FlowRecord, { kind: "created" }>);
  fold(state, records[1] as FlowRecord);
  const at = clock.now();
  let first = 1;
  let bytes = 0;
  const append = async (): Promise<void> => {
    if (records.length === 0) return;
    const batch = { writer: owner, epoch: 1, first, at, records: records.splice(0) };
    first += batch.records.length;
    bytes = 0;
    await journal.append(id, batch, state.flow.value);
  };
  await append();
  for (const edited of resultsOf(old, back, flow)) {
    const record = recordOf(state, edited, `fork ${atomsOf(edited).join()}`);
    const size = "value" in edited ? encode(edited.value).length : 0;
    if (bytes + size > most.bytes) await append();
    bytes += size;
    fold(state, record);
    if (records.push(record) >= most.atoms) await append();
  }
  await append();
  return state;
}

/** What is done of a flow, in an order in which it may have been done. */
function* resultsOf(old: FlowState, back: ReadonlySet<number>, flow: string): Generator<Edit> {
  const { topological, atoms } = old.shape;
  const reason = `fork of ${flow}`;
  for (const number of topological) {
    if (number >= atoms || back.has(number)) continue;
    const { value, context } = old.snapshotOf(number);
    const atom = old.nameOf(number);
    if (value === "SUCCESS") yield { kind: "complete", atom, value: context.result, reason };
    else if (value === "IGNORE") yield { kind: "skip", atom, reason };
  }
}

function refuse(
  state: FlowState,
  edit: Edit,
  why: string | undefined,
  word: string = edit.kind,
): void {
  if (why === undefined) return;
  const { flow } = state.blueprint;
  throw new FlowError("EDIT_REFUSED", { flow, edit: word, atom: atomsOf(edit)[0], why });
}
