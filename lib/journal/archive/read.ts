/** Reads flows from an archive: exactly as they were written, or not at all. See `format.ts`. */
import type { Hash } from "node:crypto";
import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import { fromWire, unpack } from "../../bytes.ts";
import { FlowError } from "../../errors.ts";
import type { Batch } from "../../plan/records.ts";
import { decodeBatch, rootChecksum } from "../record.ts";
import { ByteQueue } from "./bytes.ts";
import {
  archiveVersion,
  chunkHeadBytes,
  chunkKinds,
  longestBody,
  mark,
  readChunkHead,
} from "./format.ts";
import type { ArchivedFlow } from "./write.ts";

/** What an archive holds, in this order for each flow: `flow`, its batches, `end`. */
export type Archived =
  | { readonly kind: "flow"; readonly flow: ArchivedFlow }
  | {
      readonly kind: "batch";
      readonly batch: Batch;
      /** How many it takes in the archive, with the values beside it. */
      readonly bytes: number;
    }
  | { readonly kind: "end"; readonly batches: number; readonly sequence: number };

/** The most that the values beside one batch may come to; those of a batch are held together. */
const mostBeside = 4 * longestBody;

/**
 * The flows of an archive. One batch is held at a time. Only with its `end` is it certain that all of a flow was there.
 *
 * @throws FlowError `ARCHIVE_REFUSED` when it is none, is damaged, or is of a newer version
 */
export async function* readFlows(source: AsyncIterable<Uint8Array>): AsyncGenerator<Archived> {
  const queue = new ByteQueue(source);
  try {
    for (let flows = 0; ; flows++) {
      const begun = await queue.take(mark.length);
      if (begun.length === 0 && flows > 0) return;
      if (!begun.equals(mark)) {
        throw flows === 0
          ? new FlowError("ARCHIVE_REFUSED", { offset: 0, problem: "it is no export of flows" })
          : damaged(queue.offset - begun.length, "what follows the last flow is no flow");
      }
      yield* new Section(queue).read();
    }
  } finally {
    await queue.close();
  }
}

const damaged = (offset: number, problem: string, cause?: unknown): FlowError<"ARCHIVE_REFUSED"> =>
  new FlowError("ARCHIVE_REFUSED", { offset, problem: `it is damaged: ${problem}` }, { cause });

class Section {
  readonly #queue: ByteQueue;
  readonly #hash: Hash = createHash("sha256").update(mark);
  readonly #parts = new Map<string, Buffer>();
  #beside = 0;

  constructor(queue: ByteQueue) {
    this.#queue = queue;
  }

  async *read(): AsyncGenerator<Archived> {
    const first = await this.#chunk();
    if (first.kind !== chunkKinds.flow) throw damaged(first.offset, "it does not say which flow");
    const flow = this.#flow(first);
    yield { kind: "flow", flow };
    let before = rootChecksum(flow.id);
    let batches = 0;
    let next = 1;
    for (;;) {
      const sum = this.#hash.copy();
      const chunk = await this.#chunk();
      if (chunk.kind === chunkKinds.part) this.#keep(chunk);
      else if (chunk.kind === chunkKinds.batch) {
        const bytes = chunk.body.length + this.#beside;
        const decoded = this.#batch(chunk, flow.id, next, before);
        before = decoded.checksum;
        next += decoded.batch.records.length;
        batches++;
        yield { kind: "batch", batch: decoded.batch, bytes };
      } else if (chunk.kind === chunkKinds.end) {
        this.#checkEnd(chunk, batches, next - 1, sum.digest("hex"));
        yield { kind: "end", batches, sequence: next - 1 };
        return;
      } else throw damaged(chunk.offset, "a part of it is of no known kind");
    }
  }

  async #chunk(): Promise<Chunk> {
    const { offset } = this.#queue;
    const bytes = await this.#queue.take(chunkHeadBytes);
    if (bytes.length < chunkHeadBytes) throw damaged(offset, "it is cut");
    const head = readChunkHead(bytes);
    if (head === undefined) throw damaged(offset, "its checksum is wrong");
    this.#hash.update(bytes);
    const body = await this.#queue.take(head.length);
    if (body.length < head.length) throw damaged(offset, "it is cut");
    if (crc32(body) !== head.checksum) throw damaged(offset, "its checksum is wrong");
    this.#hash.update(body);
    return { kind: head.kind, offset, body };
  }

  #flow({ offset, body }: Chunk): ArchivedFlow {
    const [version, ...words] = listIn(body);
    if (typeof version === "number" && version > archiveVersion) {
      const problem = `it was written by a newer fourstroke: format ${version}; this one reads ${archiveVersion}`;
      throw new FlowError("ARCHIVE_REFUSED", { offset, problem });
    }
    const [id, name, state] = words.map(fromWire);
    if (version !== archiveVersion || ![id, name, state].every((it) => typeof it === "string")) {
      throw damaged(offset, "it does not say which flow");
    }
    return { id, name, state } as ArchivedFlow;
  }

  #keep({ offset, body }: Chunk): void {
    this.#beside += body.length;
    if (this.#beside > mostBeside) throw damaged(offset, "the values beside a batch are too large");
    this.#parts.set(createHash("sha256").update(body).digest("hex"), body);
  }

  #batch({ offset, body }: Chunk, flow: string, first: number, before: number) {
    try {
      return decodeBatch(body, { flow, first, before }, (hash) => this.#parts.get(hash));
    } catch (error) {
      if (!FlowError.is(error, "JOURNAL_DAMAGED")) throw error;
      throw damaged(offset, error.about.problem, error);
    } finally {
      this.#parts.clear();
      this.#beside = 0;
    }
  }

  #checkEnd({ offset, body }: Chunk, batches: number, last: number, sum: string): void {
    const [count, sequence, hash] = listIn(body);
    if (batches === 0 || count !== batches || sequence !== last || fromWire(hash) !== sum) {
      throw damaged(offset, "its end does not fit what comes before");
    }
  }
}

interface Chunk {
  readonly kind: number;
  /** In the archive. */
  readonly offset: number;
  readonly body: Buffer;
}

function listIn(body: Buffer): readonly unknown[] {
  try {
    const list = unpack(body);
    return Array.isArray(list) ? list : [];
  } catch {
    return []; // the checksum fits, so somebody else has written it
  }
}
