/**
 * A snapshot of a flow's state as bytes. Large values and the blueprint go beside it, under the hashes that batches have
 * them under, too: they are there already.
 *
 * A list in MessagePack: version, checksum of the batch that it ends with, hashes of what goes beside, values, the rest.
 * The version stays where it is. A snapshot is there to save time and nothing else, so there is but one version that
 * is read: whoever finds another one, or damage, reads the whole journal.
 */
import { decode, encode, pack, unpack } from "../bytes.ts";
import type { Blueprint } from "../compile/blueprint.ts";
import { FlowError } from "../errors.ts";
import type { Life, KeptAttempt, KeptFailure, KeptUndo, StateSnapshot } from "../plan/snapshot.ts";
import {
  blueprint,
  count,
  direction,
  failure,
  flag,
  group,
  type LayoutOf,
  listOf,
  number,
  oneOf,
  optional,
  options,
  type Required,
  text,
} from "./layout.ts";
import { blueprintPart, type FindPart, largeBytes, type Part, partOf, Taking } from "./record.ts";

/** Another one for every change of what a state holds, or of what the fold makes of it. */
const snapshotVersion = 1;

/** A snapshot that takes more is not kept: making it would hold up the process, and reading it everybody else. */
const mostBytes = 32 * 1024 * 1024;

export interface EncodedSnapshot {
  readonly bytes: Buffer;
  /** Must be stored before it is. */
  readonly parts: readonly Part[];
}

export interface OpenedSnapshot {
  /** Of the batch that it ends with: the one after it was made on this. */
  readonly checksum: number;
  /** Hashes of what is needed to read it. */
  readonly parts: readonly string[];
  /** Undefined when it can't be read. */
  read(find: FindPart): StateSnapshot | undefined;
}

/**
 * @param checksum - of the batch whose last record is the snapshot's sequence
 * @throws FlowError `PAYLOAD_REFUSED` when it takes more than 32 MiB
 */
export function encodeSnapshot(snapshot: StateSnapshot, checksum: number): EncodedSnapshot {
  const parts = new Map<string, Part>();
  const add = (part: Part): string => {
    parts.set(part.hash, part);
    return part.hash;
  };
  const values = snapshot.values.map((value) => {
    const bytes = encode(value);
    return bytes.length > largeBytes ? add(partOf(bytes)) : bytes;
  });
  const put = {
    value: () => undefined,
    blueprint: (of: object) => add(blueprintPart(of as Blueprint)),
  };
  const fields = layout.write?.(snapshot, put);
  const bytes = pack([snapshotVersion, checksum, [...parts.keys()], values, fields]);
  if (bytes.length > mostBytes) {
    const problem = `takes ${bytes.length} bytes, more than ${mostBytes}`;
    throw new FlowError("PAYLOAD_REFUSED", { path: "its snapshot", problem });
  }
  return { bytes, parts: [...parts.values()] };
}

/** What bytes that `encodeSnapshot` made hold; undefined when they are of another version, or none. */
export function openSnapshot(bytes: Uint8Array): OpenedSnapshot | undefined {
  const list = orNothing(() => unpack(bytes));
  if (!Array.isArray(list) || list[0] !== snapshotVersion) return undefined;
  const [, checksum, parts, values, fields] = list as [
    number,
    number,
    string[],
    unknown[],
    unknown,
  ];
  const read = (find: FindPart): StateSnapshot => {
    const take = new Taking(find);
    const rest = layout.read(fields, take) as StateSnapshot;
    const valueOf = (value: unknown): unknown =>
      typeof value === "string" ? take.value(value) : decode(value as Uint8Array);
    return { ...rest, values: values.map(valueOf) };
  };
  return { checksum, parts, read: (find) => orNothing(() => read(find)) };
}

function orNothing<Value>(read: () => Value): Value | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

const atoms = listOf(count);
const intention = oneOf("EXECUTE", "REVERT", "RETRY", "IGNORE");
const kept = group({ atom: text, failure: count } satisfies LayoutOf<KeptFailure>);
const attempt = group({ value: count, failures: listOf(kept) } satisfies LayoutOf<KeptAttempt>);

const life = group({
  value: oneOf(
    ...["PENDING", "RUNNING", "SUCCESS", "FAILURE", "REVERTING"],
    ...["REVERTED", "REVERT_FAILURE", "IGNORE", "RETRYING"],
  ),
  attempt: count,
  reverts: count,
  progress: number,
  result: optional(count),
  failure: optional(count),
  revertResult: optional(count),
  revertFailure: optional(count),
  history: optional(listOf(attempt)),
} satisfies LayoutOf<Life>);

const undo = group({
  atom: count,
  life: count,
  intention,
  decided: flag,
  ignoredBy: optional(count),
} satisfies LayoutOf<KeptUndo>);

/** A list of groups, each of which holds all that the type does. */
const listOfGroups = <Name extends keyof StateSnapshot>(
  _name: Name,
  of: StateSnapshot[Name] extends readonly (infer Item)[] ? LayoutOf<Item> : never,
): Required => listOf(group(of));

const layout = group({
  id: text,
  blueprint,
  faults: listOf(failure),
  lives: listOf(life),
  store: count,
  meta: count,
  flow: oneOf(
    ...["PENDING", "RUNNING", "SUSPENDING", "SUSPENDED", "RESUMING"],
    ...["SUCCESS", "REVERTED", "FAILURE", "PARKED"],
  ),
  sequence: count,
  epoch: count,
  owner: text,
  claim: count,
  options,
  at: number,
  snapshots: atoms,
  intentions: listOf(intention),
  firstStarts: listOfGroups("firstStarts", { atom: count, at: number }),
  retired: listOfGroups("retired", {
    name: text,
    kind: oneOf("task", "retry"),
    life: count,
    intention,
  }),
  running: listOfGroups("running", {
    atom: count,
    direction,
    attempt: count,
    before: count,
    undo: listOf(undo),
  }),
  questions: listOfGroups("questions", {
    retry: count,
    atom: count,
    failure: count,
    failed: count,
  }),
  decided: atoms,
  ignoredBy: listOfGroups("ignoredBy", { atom: count, by: count }),
  ignoredAll: atoms,
  givenUp: atoms,
  failures: listOf(kept),
  waits: listOfGroups("waits", { atom: count, dueAt: number, delayMs: number }),
  revertingAll: flag,
  halted: flag,
  trouble: optional(
    group({ kind: oneOf("decider", "cancel", "kill", "park"), failure: count } satisfies LayoutOf<
      NonNullable<StateSnapshot["trouble"]>
    >),
  ),
  losses: listOfGroups("losses", { atom: count, count }),
  suspects: atoms,
  edits: listOf(text),
} satisfies LayoutOf<Omit<StateSnapshot, "values">>);
