/**
 * Large values beside the batches of a flow, by the hash of their bytes.
 *
 * In chunks, each stored once: the fence says that its subject is empty. Whoever stores the same value at the same time
 * stores the same chunks, whichever of them comes first.
 */
import { createHash } from "node:crypto";
import { FlowError } from "../errors.ts";
import type { Part } from "../journal/record.ts";
import { each } from "./each.ts";
import { isRefused, jetStreamErrors } from "./jetstream.ts";
import { isPassing, outwards, patiently, pieceBytes, type Place } from "./journal/place.ts";

const countHeader = "Fs-Chunks";

/** Chunks of one value that are under way at once. */
const mostAtOnce = 8;

export class Blobs {
  readonly #place: Place;
  readonly #kind: string;

  /** @param kind - a token that comes before the hashes, for those that are found by it. Default: none */
  constructor(place: Place, kind?: string) {
    this.#place = place;
    this.#kind = kind === undefined ? "" : `${kind}.`;
  }

  /**
   * Resolves when all of it is stored.
   *
   * @throws FlowError `JOURNAL_FULL`, `JOURNAL_UNAVAILABLE`; `JOURNAL_DAMAGED` when something else is stored there
   */
  async put(flow: string, { hash, bytes }: Part): Promise<void> {
    const count = Math.max(1, Math.ceil(bytes.byteLength / pieceBytes));
    await each(count, mostAtOnce, async (index) => {
      const piece = bytes.subarray(index * pieceBytes, (index + 1) * pieceBytes);
      await this.#putChunk(flow, this.#subject(flow, hash, index), piece, count);
    });
  }

  /** @returns undefined when it is not there, or not as it was */
  async get(flow: string, hash: string): Promise<Buffer | undefined> {
    const first = await this.#chunk(flow, hash, 0);
    const count = Number(first?.headers.get(countHeader));
    if (first === undefined || !Number.isSafeInteger(count) || count < 1) return undefined;
    const pieces: (Buffer | undefined)[] = [first.data];
    await each(count - 1, mostAtOnce, async (index) => {
      pieces[index + 1] = (await this.#chunk(flow, hash, index + 1))?.data;
    });
    if (pieces.includes(undefined)) return undefined;
    const bytes = Buffer.concat(pieces as Buffer[]);
    return createHash("sha256").update(bytes).digest("hex") === hash ? bytes : undefined;
  }

  /** Forgets all of a flow that are of this kind, but for one. */
  async removeOthers(flow: string, hash: string): Promise<void> {
    const { jetstream, blobStream } = this.#place;
    const filter = { subjects_filter: this.#subject(flow, "*", 0) };
    const { state } = await patiently(this.#place, async (timeoutMs) =>
      jetstream.api(`STREAM.INFO.${blobStream}`, filter, timeoutMs),
    );
    for (const subject of Object.keys(state?.subjects ?? {})) {
      if (subject === this.#subject(flow, hash, 0)) continue;
      const all = subject.replace(/\d+$/, "*");
      await patiently(this.#place, async () => jetstream.purge(blobStream, all));
    }
  }

  /** Forgets all of a flow. */
  async remove(flow: string): Promise<void> {
    const { jetstream, blobStream } = this.#place;
    const subject = `${this.#place.blobsOf(flow)}.>`;
    await patiently(this.#place, async () => jetstream.purge(blobStream, subject));
  }

  #subject(flow: string, hash: string, index: number): string {
    return `${this.#place.blobsOf(flow)}.${this.#kind}${hash}.${index}`;
  }

  async #chunk(flow: string, hash: string, index: number) {
    const { jetstream, blobStream } = this.#place;
    const subject = this.#subject(flow, hash, index);
    // The first: what a stranger stores there afterwards does no harm.
    return patiently(this.#place, async (timeoutMs) =>
      jetstream.next(blobStream, subject, 1, timeoutMs),
    );
  }

  async #putChunk(flow: string, subject: string, piece: Uint8Array, count: number): Promise<void> {
    const { jetstream, blobStream } = this.#place;
    const headers = { [countHeader]: String(count) };
    const patience = this.#place.wait();
    for (;;) {
      try {
        const timeoutMs = patience.answerMs;
        await jetstream.publish(subject, piece, { expected: 0, headers, timeoutMs });
        return;
      } catch (error) {
        if (isRefused(error, ...jetStreamErrors.full)) {
          throw new FlowError("JOURNAL_FULL", { flow, problem: error.about.problem });
        }
        if (!isPassing(error) || patience.isOver) throw outwards(error);
        const { wrongLastSequence } = jetStreamErrors;
        const isThere =
          isRefused(error, ...wrongLastSequence) &&
          (await this.#isThere(flow, blobStream, subject, piece));
        if (isThere) return;
        await patience.pause();
      }
    }
  }

  /** Somebody stored it; but only what the leader has is stored for good. */
  async #isThere(
    flow: string,
    stream: string,
    subject: string,
    piece: Uint8Array,
  ): Promise<boolean> {
    const stored = await patiently(this.#place, async () =>
      this.#place.jetstream.next(stream, subject, 1),
    );
    if (stored === undefined) return false;
    if (stored.data.equals(piece)) return true;
    const problem = `something else is stored as ${subject}`;
    throw new FlowError("JOURNAL_DAMAGED", { flow, sequence: 0, problem });
  }
}
