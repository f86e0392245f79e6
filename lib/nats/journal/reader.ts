/**
 * Reads a flow from the leader of its stream, until the last message was read.
 *
 * A leader that was deposed and does not know it yet answers with what it has, which may be less than there is. So
 * whatever looks like damage, or is less than what is known, is asked for again before it is believed.
 */
import { FlowError } from "../../errors.ts";
import type { Recent } from "../../journal/journal.ts";
import { decodeBatch, rootChecksum } from "../../journal/record.ts";
import { openSnapshot } from "../../journal/snapshot.ts";
import type { Batch } from "../../plan/records.ts";
import type { StateSnapshot } from "../../plan/snapshot.ts";
import type { Blobs } from "../blobs.ts";
import { each } from "../each.ts";
import type { Stored } from "../jetstream.ts";
import { type Frame, readFrame } from "./frame.ts";
import { type Named, readNamed, snapshotHeader } from "./head.ts";
import { patiently, type Place } from "./place.ts";

/** Values beside batches that are read at once. */
const partsAtOnce = 16;

/** How often damage is looked at before it is believed. */
const looks = 3;

interface ReadTo {
  /** The last message; undefined when the flow is unknown. */
  readonly last: Stored | undefined;
}

export interface Read extends ReadTo {
  readonly batches: readonly Batch[];
}

type Whole = Extract<Frame, { kind: "whole" }>;

export class Reader {
  readonly #place: Place;
  readonly #blobs: Blobs;
  readonly #snapshots: Blobs;

  constructor(place: Place, blobs: Blobs, snapshots: Blobs) {
    this.#place = place;
    this.#blobs = blobs;
    this.#snapshots = snapshots;
  }

  /**
   * @param known - the sequence in the stream of the last message that is known to be there; 0 if none is
   * @throws FlowError `JOURNAL_DAMAGED`, `JOURNAL_UNAVAILABLE`, `JOURNAL_LOST_TAIL`
   */
  async read(flow: string, known: () => number): Promise<Read> {
    const patience = this.#place.wait();
    for (let look = 1; ; look++) {
      try {
        const last = await this.last(flow, known());
        return last === undefined ? { batches: [], last } : await this.#readUpTo(flow, last);
      } catch (error) {
        if (!FlowError.is(error, "JOURNAL_DAMAGED") || look === looks) throw error;
        await patience.pause();
      }
    }
  }

  /** The flow's last message, which has at least the sequence `known`. */
  async last(flow: string, known: number): Promise<Stored | undefined> {
    const { jetstream } = this.#place;
    const [stream, subject] = [this.#place.streamOf(flow), this.#place.subjectOf(flow)];
    const patience = this.#place.wait();
    for (;;) {
      const last = await patiently(this.#place, async (timeoutMs) =>
        jetstream.last(stream, subject, timeoutMs),
      );
      if ((last?.sequence ?? 0) >= known) return last;
      if (patience.isOver) {
        const problem = `its last message is ${last?.sequence ?? "gone"}, and was ${known}`;
        throw new FlowError("JOURNAL_LOST_TAIL", { flow, sequence: known, problem });
      }
      await patience.pause();
    }
  }

  /**
   * From the latest snapshot on; undefined when there is none, or something about it isn't as it should be.
   *
   * @param known - as in `read`
   * @throws FlowError `JOURNAL_UNAVAILABLE`, `JOURNAL_LOST_TAIL`
   */
  async recent(flow: string, known: () => number): Promise<(Recent & ReadTo) | undefined> {
    for (let look = 1; look <= looks; look++) {
      const last = await this.last(flow, known());
      const named = readNamed(last?.headers.get(snapshotHeader));
      if (last === undefined || named === undefined) return undefined;
      const opened = await this.#snapshot(flow, named);
      // There may be a later one, and this one gone since.
      if (opened === undefined) continue;
      try {
        const messages = await patiently(this.#place, async () =>
          this.#messages(flow, named.at + 1, last),
        );
        const { snapshot, checksum } = opened;
        const batches = await this.#decode(flow, messages, snapshot.sequence + 1, checksum);
        return { snapshot, batches, last };
      } catch (error) {
        if (!FlowError.is(error, "JOURNAL_DAMAGED")) throw error;
      }
    }
    return undefined;
  }

  async #snapshot(
    flow: string,
    { hash }: Named,
  ): Promise<{ readonly snapshot: StateSnapshot; readonly checksum: number } | undefined> {
    const bytes = await this.#snapshots.get(flow, hash);
    const opened = bytes && openSnapshot(bytes);
    if (opened === undefined) return undefined;
    const parts = await this.#parts(flow, opened.parts);
    const snapshot = opened.read((part) => parts.get(part));
    return snapshot && { snapshot, checksum: opened.checksum };
  }

  async #readUpTo(flow: string, last: Stored): Promise<Read> {
    const messages = await patiently(this.#place, async () => this.#messages(flow, 1, last));
    return { batches: await this.#decode(flow, messages, 1, rootChecksum(flow)), last };
  }

  /** @param before - the checksum that the first of them was made on */
  async #decode(
    flow: string,
    messages: readonly Stored[],
    from: number,
    before: number,
  ): Promise<Batch[]> {
    const batches: Batch[] = [];
    let [first, chain] = [from, before];
    const frames = await this.#frames(flow, messages);
    const parts = await this.#parts(
      flow,
      frames.flatMap((frame) => frame?.parts ?? []),
    );
    for (const frame of frames) {
      if (frame === undefined) {
        const problem = "what is stored there is no batch";
        throw new FlowError("JOURNAL_DAMAGED", { flow, sequence: first, problem });
      }
      const expected = { flow, first, before: chain };
      const { batch, checksum } = decodeBatch(frame.batch, expected, (hash) => parts.get(hash));
      batches.push(batch);
      first += batch.records.length;
      chain = checksum;
    }
    return batches;
  }

  /** From a sequence in the stream to the last message. */
  async #messages(flow: string, start: number, last: Stored): Promise<Stored[]> {
    const { jetstream } = this.#place;
    const [stream, subject] = [this.#place.streamOf(flow), this.#place.subjectOf(flow)];
    const first = await jetstream.next(stream, subject, start);
    if (first === undefined || first.sequence >= last.sequence) return [last];
    const from = first.sequence + 1;
    const between =
      from === last.sequence
        ? []
        : await jetstream.between(stream, subject, from, last.sequence - 1);
    return [first, ...between, last];
  }

  /** undefined for what is none, or is stored elsewhere and can't be found. */
  async #frames(flow: string, messages: readonly Stored[]): Promise<(Whole | undefined)[]> {
    const frames: (Whole | undefined)[] = [];
    for (const { data } of messages) {
      let frame = readFrame(data);
      if (frame?.kind === "elsewhere") {
        const bytes = await this.#blobs.get(flow, frame.hash);
        frame = bytes && readFrame(bytes);
      }
      frames.push(frame?.kind === "whole" ? frame : undefined);
    }
    return frames;
  }

  /** The values that are needed, each once. */
  async #parts(flow: string, needed: readonly string[]): Promise<ReadonlyMap<string, Buffer>> {
    const hashes = [...new Set(needed)];
    const found = new Map<string, Buffer>();
    await each(hashes.length, partsAtOnce, async (index) => {
      const hash = hashes[index] ?? "";
      const bytes = await this.#blobs.get(flow, hash);
      if (bytes !== undefined) found.set(hash, bytes);
    });
    return found;
  }
}
