/** Snapshots as an engine makes them. */
import assert from "node:assert/strict";
import { machines } from "../../actors/machines.ts";
import { encodeSnapshot, openSnapshot } from "../../lib/journal/snapshot.ts";
import { foldAll } from "../../lib/plan/fold.ts";
import { type StateSnapshot, toSnapshot } from "../../lib/plan/snapshot.ts";
import { begin } from "./batches.ts";

/** Through bytes and back. */
export function reread(snapshot: StateSnapshot): StateSnapshot {
  const { bytes, parts } = encodeSnapshot(snapshot, 7);
  const opened = openSnapshot(bytes);
  assert(opened !== undefined);
  assert.equal(opened.checksum, 7);
  const stored = new Map(parts.map((part) => [part.hash, part.bytes]));
  const read = opened.read((hash) => stored.get(hash));
  assert(read !== undefined);
  return read;
}

/** A snapshot, as it is read, of a flow whose last record has this sequence; with more values beside those it needs. */
export function snapshotOf(
  flow: string,
  sequence: number,
  {
    epoch = 1,
    values = [],
  }: { readonly epoch?: number; readonly values?: readonly unknown[] } = {},
): StateSnapshot {
  const state = foldAll(machines, [begin(flow)]);
  assert(state !== undefined);
  const snapshot = toSnapshot(state);
  return { ...reread({ ...snapshot, sequence, epoch }), values: [...snapshot.values, ...values] };
}
