/**
 * What is appended to one flow, one after the other.
 *
 * The fence is the sequence, in the stream, of the flow's last message. Whenever an append is not answered by a clean
 * acknowledgement, the last message decides, read from the leader: if it is ours, it was stored; if it is the one that
 * was expected, the same bytes are sent again; if it is a later one, there is another owner; and if it is an earlier one
 * or none, then whoever answered is behind, and is asked again.
 */
import { FlowError } from "../../errors.ts";
import { encodeBatch, type Part, partOf, rootChecksum, seal } from "../../journal/record.ts";
import { epochFollows, fenced, nameIn } from "../../journal/rules.ts";
import { encodeSnapshot } from "../../journal/snapshot.ts";
import type { Batch } from "../../plan/records.ts";
import type { StateSnapshot } from "../../plan/snapshot.ts";
import type { Blobs } from "../blobs.ts";
import { isRefused, jetStreamErrors, type Stored } from "../jetstream.ts";
import { readFrame, spillFrame, writeFrame } from "./frame.ts";
import {
  type Head,
  headHeader,
  type Named,
  readHead,
  readNamed,
  snapshotHeader,
  writeHead,
  writeNamed,
} from "./head.ts";
import { Lost } from "./lost.ts";
import { isPassing, outwards, type Patience, patiently, pieceBytes, type Place } from "./place.ts";
import type { Reader } from "./reader.ts";

/** Hashes of values that are known to be stored; own appends whose fate is not known. */
const most = { stored: 1_000, doubts: 16 } as const;

/** The flow's last message. */
interface Tail {
  /** In the stream; 0 when there is none. */
  readonly at: number;
  readonly checksum: number;
  readonly head: Omit<Head, "id"> | undefined;
  /** Of the last record. */
  readonly sequence: number;
  readonly epoch: number;
  readonly named: Named | undefined;
}

interface Job {
  readonly batch?: Batch;
  readonly run: () => Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export interface LaneOptions {
  readonly flow: string;
  readonly place: Place;
  readonly blobs: Blobs;
  readonly snapshots: Blobs;
  readonly reader: Reader;
  /** Resolves when the streams are there. */
  readonly ready: () => Promise<void>;
}

export class Lane {
  readonly #options: LaneOptions;
  readonly #subject: string;
  readonly #stream: string;
  #queue: Job[] = [];
  #isBusy = false;
  #tail: Tail | undefined;
  readonly #stored = new Set<string>();
  readonly #doubts = new Set<number>();
  /** A snapshot that is stored, and named by the next message. */
  #kept: Named | undefined;
  #swept: Promise<void> = Promise.resolve();

  constructor(options: LaneOptions) {
    const { flow, place } = options;
    this.#options = options;
    this.#subject = place.subjectOf(flow);
    this.#stream = place.streamOf(flow);
  }

  get isIdle(): boolean {
    return !this.#isBusy && this.#queue.length === 0;
  }

  /** The sequence in the stream of the last message that is known; 0 if none is. */
  get at(): number {
    return this.#tail?.at ?? 0;
  }

  /** What a reader has found to be the last message. */
  know(last: Stored | undefined): void {
    if (this.isIdle && last !== undefined && last.sequence > this.at)
      this.#tail = this.#tailOf(last);
  }

  async append(batch: Batch, state: string): Promise<void> {
    const { bytes, parts } = encodeBatch(batch);
    return this.#add(async () => this.#write(batch, state, bytes, parts), batch);
  }

  /** As `Snapshots.keep`. */
  async keep(snapshot: StateSnapshot): Promise<void> {
    const tail = this.#tail;
    const { sequence, epoch } = snapshot;
    if (tail?.sequence !== sequence || tail.epoch !== epoch) return;
    const { bytes, parts } = encodeSnapshot(snapshot, tail.checksum);
    const part = partOf(bytes);
    await this.#swept;
    await this.#store(parts);
    await this.#options.snapshots.put(this.#options.flow, part);
    this.#kept = { hash: part.hash, at: tail.at };
  }

  /** After what was appended before. */
  async remove(): Promise<void> {
    return this.#add(async () => {
      const { flow, blobs, place } = this.#options;
      await this.#options.ready();
      // The journal last: while there is some of it, nobody begins the flow again.
      await blobs.remove(flow);
      await patiently(place, async () => place.jetstream.purge(this.#stream, this.#subject));
      this.#forget();
    });
  }

  /** Resolves when nothing is under way. */
  async settled(): Promise<void> {
    if (!this.isIdle) await this.#add(() => Promise.resolve());
    await this.#swept;
  }

  async #add(run: () => Promise<void>, batch?: Batch): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ run, resolve, reject, ...(batch === undefined ? {} : { batch }) });
      if (!this.#isBusy) void this.#work();
    });
  }

  async #work(): Promise<void> {
    this.#isBusy = true;
    for (let job = this.#queue.shift(); job !== undefined; job = this.#queue.shift()) {
      try {
        await job.run();
        job.resolve();
      } catch (error) {
        job.reject(error);
        if (job.batch !== undefined) this.#refuse(job.batch, error);
      }
    }
    this.#isBusy = false;
  }

  /** What its writer appended after a batch that was refused builds upon it, and goes the same way. */
  #refuse({ writer, epoch, first }: Batch, error: unknown): void {
    this.#queue = this.#queue.filter(({ batch, reject }) => {
      const builds = batch?.writer === writer && batch.epoch === epoch && batch.first > first;
      if (builds) reject(error);
      return !builds;
    });
  }

  async #write(
    batch: Batch,
    state: string,
    bytes: Uint8Array,
    parts: readonly Part[],
  ): Promise<void> {
    await this.#options.ready();
    const tail = await this.#follow(batch);
    // Whoever removed the flow removed its values, too.
    if (tail.at === 0) this.#forgetBlobs();
    const checksum = seal(bytes, tail.checksum);
    let body = writeFrame(bytes, parts);
    await this.#store(parts);
    if (body.length > pieceBytes) {
      const spilled = spillFrame(body);
      await this.#store([spilled.part]);
      body = spilled.body;
    }
    const head = this.#headAfter(tail, batch, state);
    const named = this.#named(tail);
    const headers = {
      [headHeader]: writeHead(head),
      ...(named && { [snapshotHeader]: writeNamed(named) }),
    };
    const at = await this.#publish(batch, body, headers, tail.at, checksum);
    const begun = head.begun.sequence === 0 ? { ...head.begun, sequence: at } : head.begun;
    this.#tail = {
      ...{ at, checksum, head: { ...head, begun } },
      ...{ sequence: head.sequence, epoch: batch.epoch, named },
    };
    if (named !== undefined && named.hash !== tail.named?.hash) this.#sweep(named);
  }

  /** The latest snapshot, as the message after this one names it. */
  #named({ named, at }: Tail): Named | undefined {
    const kept = this.#kept;
    // Somebody else may have named a later one meanwhile, or begun the flow anew.
    return kept === undefined || kept.at > at || kept.at < (named?.at ?? 0) ? named : kept;
  }

  /** Forgets the snapshots that are named no more, and those that owners left behind before they could name them. */
  #sweep({ hash }: Named): void {
    const { flow, snapshots } = this.#options;
    // What is left is found when the next one is named, and goes with the flow at the latest.
    this.#swept = snapshots.removeOthers(flow, hash).catch(() => undefined);
  }

  /** The message that the batch follows. @throws FlowError `FENCED` when it follows none */
  async #follow(batch: Batch): Promise<Tail> {
    const none = this.#none();
    // Whether a flow that begins is really new is for the server to say.
    if (batch.first === 1 && epochFollows(batch, 0)) return none;
    if (this.#tail !== undefined && follows(batch, this.#tail)) return this.#tail;
    const { flow, reader } = this.#options;
    const last = await reader.last(flow, this.at);
    const tail = last === undefined ? none : await this.#needTail(last);
    if (last !== undefined) this.#tail = tail;
    if (!follows(batch, tail)) throw this.#overtaken(batch, tail.checksum);
    return tail;
  }

  #headAfter(tail: Tail, batch: Batch, state: string): Omit<Head, "id"> {
    const { records, first, epoch, at: updatedAt } = batch;
    const begins = {
      ...{ name: nameIn(batch), createdAt: batch.at },
      begun: { at: this.#options.place.begin(), sequence: 0 },
    };
    const { name, createdAt, begun } = tail.head ?? begins;
    const sequence = first + records.length - 1;
    return { name, createdAt, begun, state, updatedAt, sequence, epoch };
  }

  async #store(parts: readonly Part[]): Promise<void> {
    const { flow, blobs } = this.#options;
    for (const part of parts) {
      if (this.#stored.has(part.hash)) continue;
      await blobs.put(flow, part);
      if (this.#stored.size >= most.stored) this.#stored.clear();
      this.#stored.add(part.hash);
    }
  }

  /** @returns the sequence in the stream that the batch has there */
  async #publish(
    batch: Batch,
    body: Buffer,
    headers: Readonly<Record<string, string>>,
    expected: number,
    checksum: number,
  ): Promise<number> {
    const { jetstream } = this.#options.place;
    const patience = this.#options.place.wait();
    const lost = new Lost(this.#options.place);
    for (;;) {
      let refusal: unknown;
      try {
        const timeoutMs = patience.answerMs;
        return await jetstream.publish(this.#subject, body, { expected, headers, timeoutMs });
      } catch (error) {
        if (!isPassing(error)) throw this.#doubt(error, checksum);
        refusal = error;
      }
      const found = await this.#look(patience, checksum);
      if (found !== "away") {
        const at = found?.sequence ?? 0;
        if (at > expected) return this.#judge(batch, body, found);
        if (at === expected && isRefused(refusal, ...jetStreamErrors.full)) {
          const { flow } = this.#options;
          throw new FlowError("JOURNAL_FULL", { flow, problem: refusal.about.problem });
        }
        const isBehind = at < expected && isRefused(refusal, ...jetStreamErrors.wrongLastSequence);
        if (lost.isLost(isBehind)) throw this.#lost(expected, at);
      }
      if (patience.isOver) throw this.#doubt(refusal, checksum);
      await patience.pause();
    }
  }

  /** The last message as the leader has it, if it can be asked. */
  async #look(patience: Patience, checksum: number): Promise<Stored | undefined | "away"> {
    try {
      const { jetstream } = this.#options.place;
      return await jetstream.last(this.#stream, this.#subject, patience.answerMs);
    } catch (error) {
      if (!isPassing(error) || patience.isOver) throw this.#doubt(error, checksum);
      return "away";
    }
  }

  /** There is a message after the one that was expected. */
  #judge(batch: Batch, body: Buffer, found: Stored | undefined): number {
    if (found?.data.equals(body)) return found.sequence;
    this.#tail = found && this.#tailOf(found);
    throw this.#overtaken(batch, this.#tail?.checksum);
  }

  /** Somebody else's message is the last; unless it is one of ours that came late. */
  #overtaken(batch: Batch, checksum: number | undefined): FlowError {
    const { flow } = this.#options;
    if (checksum === undefined || !this.#doubts.has(checksum)) return fenced(flow, batch);
    const problem = `an earlier append of flow "${flow}" was stored after all: read it again`;
    return new FlowError("JOURNAL_UNAVAILABLE", { problem });
  }

  /** It may have been stored, or be stored later. */
  #doubt(error: unknown, checksum: number): unknown {
    if (this.#doubts.size >= most.doubts) this.#doubts.clear();
    this.#doubts.add(checksum);
    return outwards(error);
  }

  #lost(expected: number, at: number): FlowError {
    const { flow } = this.#options;
    const sequence = this.#tail?.sequence ?? 0;
    const found = at === 0 ? "gone" : `message ${at}`;
    const problem = `the last message was ${expected}, and is ${found}`;
    this.#forget();
    return new FlowError("JOURNAL_LOST_TAIL", { flow, sequence, problem });
  }

  #forget(): void {
    this.#tail = undefined;
    this.#forgetBlobs();
    this.#doubts.clear();
  }

  #forgetBlobs(): void {
    this.#stored.clear();
    this.#kept = undefined;
  }

  #none(): Tail {
    const checksum = rootChecksum(this.#options.flow);
    return { at: 0, checksum, head: undefined, sequence: 0, epoch: 0, named: undefined };
  }

  /** @throws FlowError `JOURNAL_DAMAGED` when the last message is none of ours */
  async #needTail(last: Stored): Promise<Tail> {
    const tail = this.#tailOf(last);
    if (tail !== undefined) return tail;
    const { flow, reader } = this.#options;
    // Says which sequence it is.
    await reader.read(flow, () => last.sequence);
    const problem = "its last message is none of a journal";
    throw new FlowError("JOURNAL_DAMAGED", { flow, sequence: 0, problem });
  }

  #tailOf({ sequence: at, data, headers }: Stored): Tail | undefined {
    const header = readFrame(data)?.header;
    if (header === undefined) return undefined;
    const { checksum, epoch, last } = header;
    const head = readHead(this.#options.flow, headers.get(headHeader), at);
    const named = readNamed(headers.get(snapshotHeader));
    return { at, checksum, epoch, sequence: last, head, named };
  }
}

const follows = (batch: Batch, tail: Tail): boolean =>
  batch.first === tail.sequence + 1 && epochFollows(batch, tail.epoch);
