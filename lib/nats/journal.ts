/**
 * A journal in JetStream: one message of a stream is one batch of a flow, one subject is one flow.
 *
 * What an acknowledged batch survives is up to the servers: with one replica and their default settings the end of the
 * server, with `sync_interval: always` a power cut, with three replicas the loss of a server.
 */
import type { FlowQuery, FlowSummary, Journal, Recent, Snapshots } from "../journal/journal.ts";
import { assertRecords } from "../journal/rules.ts";
import type { Batch } from "../plan/records.ts";
import { FlowError } from "../errors.ts";
import { endsIn, type Purge } from "../journal/sqlite/remover.ts";
import { Blobs } from "./blobs.ts";
import type { NatsTransport } from "./face.ts";
import { JetStream } from "./jetstream.ts";
import { Lane } from "./journal/lane.ts";
import { Listing } from "./journal/listing.ts";
import { patiently, Place } from "./journal/place.ts";
import { Reader } from "./journal/reader.ts";

export interface NatsJournalOptions {
  /** On how many servers each stream is kept, 1 to 5. Streams that have fewer get more. Default 1. */
  readonly replicas?: number;
  /** How many streams share the flows, 1 to 256. The same for all who use the journal, for good. Default 1. */
  readonly streams?: number;
  /**
   * Milliseconds that an append or a read waits for servers that are away or elect a leader. Default 20,000; a leader
   * that is killed takes up to 7,000.
   */
  readonly patienceMs?: number;
}

/** A journal in JetStream. */
export interface NatsJournal extends Journal {
  readonly durability: "server";
  readonly snapshots: Snapshots;

  /**
   * As in `Journal`; settles when the servers have acknowledged it. `JOURNAL_LOST_TAIL` when they don't have any more
   * what they had acknowledged.
   */
  append(flow: string, batch: Batch, state: string): Promise<void>;

  /**
   * Forgets flows that ended long enough ago.
   *
   * @returns how many flows were forgotten
   * @throws FlowError as `remove` does, and `INVALID_OPTION` for a state that is no end
   */
  purge(what: Purge): Promise<number>;
}

/**
 * A journal on the servers that a transport is connected to. Streams that are missing are made by what is asked first.
 * It ends before the transport does: closing it leaves the transport open.
 *
 * What is asked may throw `JETSTREAM_UNAVAILABLE` when the servers have no JetStream for these credentials,
 * `ALREADY_EXISTS` when there are streams of these names with other subjects, `FORBIDDEN`.
 *
 * @throws FlowError `INVALID_OPTION`, also for a transport that `connectNats` did not make
 */
export function natsJournal(
  transport: NatsTransport,
  options: NatsJournalOptions = {},
): NatsJournal {
  const { replicas = 1, streams = 1, patienceMs = 20_000 } = options;
  needWhole("replicas", replicas, 1, 5);
  needWhole("streams", streams, 1, 256);
  needWhole("patienceMs", patienceMs, 1, 86_400_000);
  return new StreamJournal(new Place(new JetStream(transport), streams, patienceMs), replicas);
}

function needWhole(option: string, value: number, least: number, most: number): void {
  if (Number.isSafeInteger(value) && value >= least && value <= most) return;
  const problem = `${value} is not a whole number from ${least} to ${most}`;
  throw new FlowError("INVALID_OPTION", { option, problem });
}

/** Flows whose last message is remembered; of the others it is read when something is appended. */
const mostLanes = 50_000;

/** Ended flows that one pass over the listing finds. */
const purgedAtOnce = 1_000;

class StreamJournal implements NatsJournal {
  readonly durability = "server";
  readonly snapshots: Snapshots = {
    keep: async (flow, snapshot) => {
      this.#assertOpen();
      await this.#lane(flow).keep(snapshot);
    },
    read: async (flow) => this.#recent(flow),
  };
  readonly #place: Place;
  readonly #replicas: number;
  readonly #blobs: Blobs;
  readonly #snapshots: Blobs;
  readonly #reader: Reader;
  readonly #listing: Listing;
  readonly #lanes = new Map<string, Lane>();
  #prepared: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  constructor(place: Place, replicas: number) {
    this.#place = place;
    this.#replicas = replicas;
    this.#blobs = new Blobs(place);
    this.#snapshots = new Blobs(place, "snapshot");
    this.#reader = new Reader(place, this.#blobs, this.#snapshots);
    this.#listing = new Listing(place);
  }

  async append(flow: string, batch: Batch, state: string): Promise<void> {
    this.#assertOpen();
    assertRecords(batch);
    return this.#lane(flow).append(batch, state);
  }

  async read(flow: string): Promise<readonly Batch[]> {
    this.#assertOpen();
    await this.#ready();
    const lane = this.#lane(flow);
    const { batches, last } = await this.#reader.read(flow, () => lane.at);
    lane.know(last);
    return batches;
  }

  async #recent(flow: string): Promise<Recent | undefined> {
    this.#assertOpen();
    await this.#ready();
    const lane = this.#lane(flow);
    const recent = await this.#reader.recent(flow, () => lane.at);
    if (recent === undefined) return undefined;
    lane.know(recent.last);
    return { snapshot: recent.snapshot, batches: recent.batches };
  }

  async list(query?: FlowQuery): Promise<readonly FlowSummary[]> {
    this.#assertOpen();
    await this.#ready();
    return this.#listing.list(query);
  }

  async remove(flow: string): Promise<void> {
    this.#assertOpen();
    await this.#lane(flow).remove();
  }

  async purge({ states, updatedBefore }: Purge): Promise<number> {
    this.#assertOpen();
    const ends = endsIn(states);
    await this.#ready();
    let forgotten = 0;
    for (;;) {
      const old = await this.#listing.first(
        purgedAtOnce,
        ({ state, updatedAt }) => ends.includes(state) && updatedAt < updatedBefore,
      );
      for (const { id } of old) await this.remove(id);
      forgotten += old.length;
      if (old.length < purgedAtOnce) return forgotten;
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#settle();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #settle(): Promise<void> {
    this.#place.close();
    await Promise.all([...this.#lanes.values()].map(async (lane) => lane.settled()));
    this.#lanes.clear();
  }

  #assertOpen(): void {
    if (this.#closing === undefined) return;
    throw new FlowError("JOURNAL_UNAVAILABLE", { problem: "it is closed" });
  }

  /** What fails is tried again by whoever asks next. */
  async #ready(): Promise<void> {
    this.#prepared ??= patiently(this.#place, async () => this.#place.prepare(this.#replicas));
    try {
      await this.#prepared;
    } catch (error) {
      this.#prepared = undefined;
      const { cause } = error as Error;
      throw FlowError.is(cause, "JETSTREAM_UNAVAILABLE") ? cause : error;
    }
  }

  #lane(flow: string): Lane {
    const known = this.#lanes.get(flow);
    if (known !== undefined) {
      this.#lanes.delete(flow);
      this.#lanes.set(flow, known);
      return known;
    }
    if (this.#lanes.size >= mostLanes) this.#forgetOne();
    const lane = new Lane({
      ...{ flow, place: this.#place, ready: async () => this.#ready() },
      ...{ blobs: this.#blobs, snapshots: this.#snapshots, reader: this.#reader },
    });
    this.#lanes.set(flow, lane);
    return lane;
  }

  /** The one that nobody asked for in the longest time. */
  #forgetOne(): void {
    for (const [flow, lane] of this.#lanes) {
      if (!lane.isIdle) continue;
      this.#lanes.delete(flow);
      return;
    }
  }
}
