/** Writes a flow as a section of an archive: see `format.ts`. */
import { createHash } from "node:crypto";
import { pack, toWire } from "../../bytes.ts";
import { FlowError } from "../../errors.ts";
import type { Batch } from "../../plan/records.ts";
import { encodeBatch, rootChecksum, seal } from "../record.ts";
import { archiveVersion, chunkHead, chunkKinds, longestBody, mark } from "./format.ts";

/** What is said of a flow before its batches. */
export interface ArchivedFlow {
  readonly id: string;
  /** Name of the root flow. */
  readonly name: string;
  readonly state: string;
}

/**
 * The bytes of a flow, batch by batch: no more than one of them is held at a time.
 *
 * @param batches - all of the flow, oldest first
 * @throws FlowError `JOURNAL_FULL` for a value of more than 1 GiB
 */
export function* writeFlow(flow: ArchivedFlow, batches: Iterable<Batch>): Generator<Uint8Array> {
  const hash = createHash("sha256");
  const chunk = function* (kind: number, body: Uint8Array): Generator<Uint8Array> {
    if (body.length > longestBody) {
      const problem = `a value of ${body.length} bytes is too large for an archive`;
      throw new FlowError("JOURNAL_FULL", { flow: flow.id, problem });
    }
    const head = chunkHead(kind, body);
    hash.update(head).update(body);
    yield head;
    yield body;
  };
  hash.update(mark);
  yield mark;
  const about = [archiveVersion, flow.id, flow.name, flow.state];
  yield* chunk(chunkKinds.flow, pack(about.map(toWire), 0));
  let before = rootChecksum(flow.id);
  let count = 0;
  let last = 0;
  for (const batch of batches) {
    const { bytes, parts } = encodeBatch(batch);
    before = seal(bytes, before);
    // Those that several batches share come again, so that a reader need not keep any.
    for (const part of parts) yield* chunk(chunkKinds.part, part.bytes);
    yield* chunk(chunkKinds.batch, bytes);
    count++;
    last = batch.first + batch.records.length - 1;
  }
  const end = pack([count, last, toWire(hash.digest("hex"))], 0);
  yield chunkHead(chunkKinds.end, end);
  yield end;
}
