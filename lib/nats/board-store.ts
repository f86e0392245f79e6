/** What a jobboard is kept in, over a bucket: what became of a change is found out, whatever the answers were. */
import type { Clock } from "../clock.ts";
import type { BoardStore, Change, Shelf, Stored } from "../jobboard/store.ts";
import type { Stop } from "../transport/transport.ts";
import type { Log } from "../types.ts";
import type { Bucket, Kept } from "./bucket.ts";
import type { NatsTransport } from "./face.ts";
import { KeyFollower } from "./key-follower.ts";
import { type Left, patiently, translated, unsettled } from "./patience.ts";

/** What is asked of a bucket. */
export type BucketFace = Pick<
  Bucket,
  "last" | "put" | "delete" | "keys" | "lastOf" | "forgetMarkers" | "watch" | "listen"
>;

export interface BucketStoreOptions {
  readonly bucket: BucketFace;
  readonly transport: Pick<NatsTransport, "watch">;
  readonly clock: Clock;
  readonly patienceMs: number;
  readonly log: Log;
}

/** One way to change a key. */
interface Publishing {
  readonly publish: (expected: number, timeoutMs: number) => Promise<number | undefined>;
  /** Whether this is what was published. */
  readonly isOurs: (kept: Kept) => boolean;
}

/** How many changes ago a key may have gone that is still remembered, for those who watch and lag behind. */
const rememberedChanges = 10_000;

/** Of how many keys is remembered what they were when they were written here. */
const mostKnown = 65_536;

/** How often something is published at once before it waits for what answers to know what refuses. */
const quickRounds = 3;

const patterns: { readonly [Key in Shelf]: string } = { jobs: "*", leases: "lease.*" };

export class BucketStore implements BoardStore {
  readonly #options: BucketStoreOptions;
  /** Revisions that this store wrote. A leader that was deposed and does not know it yet answers with older ones. */
  readonly #known = new Map<string, number>();

  constructor(options: BucketStoreOptions) {
    this.#options = options;
  }

  async read(key: string): Promise<Stored | undefined> {
    return this.#patiently(async (left) => storedOf(await this.#last(key, left)));
  }

  async write(
    key: string,
    value: Uint8Array,
    expected: number,
    withinMs?: number,
  ): Promise<number | undefined> {
    const { bucket, patienceMs } = this.#options;
    return this.#change(key, expected, Math.min(withinMs ?? patienceMs, patienceMs), {
      publish: async (at, timeoutMs) => bucket.put(key, value, at, timeoutMs),
      isOurs: ({ isMarker, data }) => !isMarker && Buffer.compare(data, value) === 0,
    });
  }

  async delete(key: string, expected: number): Promise<boolean> {
    const { bucket, patienceMs } = this.#options;
    const revision = await this.#change(key, expected, patienceMs, {
      publish: async (at, timeoutMs) => bucket.delete(key, at, timeoutMs),
      isOurs: ({ isMarker }) => isMarker,
    });
    return revision !== undefined;
  }

  async all(shelf: Shelf): Promise<ReadonlyMap<string, Stored>> {
    const { bucket } = this.#options;
    return this.#patiently(async () => {
      const all = new Map<string, Stored>();
      for (const kept of await bucket.lastOf(await bucket.keys(patterns[shelf]))) {
        const stored = storedOf(kept);
        if (stored !== undefined) all.set(kept.key, stored);
      }
      return all;
    });
  }

  async sweep(): Promise<void> {
    return this.#patiently(async () => this.#options.bucket.forgetMarkers(rememberedChanges));
  }

  async watch(changed: (change: Change) => void, ended: (error: Error) => void): Promise<Stop> {
    const { bucket, transport, log } = this.#options;
    const known = new Map<string, number>();
    const tell = (key: string, revision: number, stored: Stored | undefined): void => {
      if (stored !== undefined) known.set(key, revision);
      else if (!known.delete(key)) return;
      changed({ key, stored });
    };
    /** What went while the connection was away may have no marker any more. */
    const compare = async (): Promise<void> => {
      const before = new Map(known);
      const present = new Set(await bucket.keys(patterns.jobs));
      for (const [key, revision] of before) {
        if (!present.has(key) && known.get(key) === revision) tell(key, revision, undefined);
      }
    };
    const stop = await this.#patiently(async () =>
      followed(bucket, (kept) => tell(kept.key, kept.revision, storedOf(kept)), ended),
    );
    const unwatch = transport.watch((isConnected) => {
      if (!isConnected) return;
      this.#patiently(compare).catch((error: unknown) => {
        log("jobs that are gone could not be looked for", { error }, "warn");
      });
    });
    return () => {
      unwatch();
      stop();
    };
  }

  /** Needs no consumer, so that credentials suffice that could not make one. */
  async watchKey(
    key: string,
    changed: (change: Change) => void,
    ended: (error: Error) => void,
  ): Promise<Stop> {
    const { bucket, transport, clock } = this.#options;
    const follower = new KeyFollower({
      key,
      changed,
      ended,
      clock,
      read: async () => this.read(key),
    });
    const hush = bucket.listen(key, () => {
      follower.hurry();
    });
    const unwatch = transport.watch((isConnected) => {
      if (isConnected) follower.hurry();
    });
    const stop = (): void => {
      hush();
      unwatch();
      follower.stop();
    };
    try {
      await follower.start();
    } catch (error) {
      stop();
      throw error;
    }
    return stop;
  }

  /** The transport is somebody else's. */
  close(): Promise<void> {
    return Promise.resolve();
  }

  /** The last message of a key; not one that is older than what was written here. */
  async #last(key: string, left: Left): Promise<Kept | undefined> {
    const kept = await this.#options.bucket.last(key, left());
    if (kept !== undefined && kept.revision < (this.#known.get(key) ?? 0)) throw unsettled;
    return kept;
  }

  /** Publishes until it is known what became of it. @returns undefined when the key is not as expected */
  async #change(
    key: string,
    expected: number,
    withinMs: number,
    { publish, isOurs }: Publishing,
  ): Promise<number | undefined> {
    let at = expected;
    let isInDoubt = false;
    let wasRefused = false;
    return this.#patiently(async (left) => {
      for (let rounds = 0; rounds < quickRounds; rounds++) {
        if (isInDoubt || wasRefused) {
          const kept = await this.#last(key, left);
          const revision = kept?.revision ?? 0;
          if (isInDoubt && kept !== undefined && revision !== at && isOurs(kept)) {
            return this.#knows(key, revision);
          }
          // Something new may take the place of what was deleted.
          const isFree = expected === 0 && kept?.isMarker !== false;
          if (revision !== at && !isFree) return undefined;
          at = revision;
        }
        const wasInDoubt = isInDoubt;
        isInDoubt = true;
        const revision = await publish(at, left());
        if (revision !== undefined) return this.#knows(key, revision);
        if (expected !== 0 && !wasInDoubt) return undefined;
        isInDoubt = wasInDoubt;
        wasRefused = true;
      }
      throw unsettled;
    }, withinMs);
  }

  #knows(key: string, revision: number): number {
    this.#known.delete(key);
    this.#known.set(key, revision);
    if (this.#known.size > mostKnown) {
      const [oldest] = this.#known.keys();
      if (oldest !== undefined) this.#known.delete(oldest);
    }
    return revision;
  }

  async #patiently<Result>(
    work: (left: Left) => Promise<Result>,
    withinMs = this.#options.patienceMs,
  ): Promise<Result> {
    return patiently(this.#options.clock, withinMs, work);
  }
}

/** Resolves when everything present was given. */
async function followed(
  bucket: BucketFace,
  take: (kept: Kept) => void,
  ended: (error: Error) => void,
): Promise<Stop> {
  let stop: Promise<Stop> | undefined;
  let isCaughtUp = false;
  await new Promise<void>((resolve, reject) => {
    const caughtUp = (): void => {
      isCaughtUp = true;
      resolve();
    };
    const over = (error: Error): void => {
      if (isCaughtUp) ended(translated(error));
      else reject(error);
    };
    stop = bucket.watch(patterns.jobs, take, caughtUp, over);
    stop.catch(reject);
  });
  return stop ?? (() => undefined);
}

const storedOf = (kept: Kept | undefined): Stored | undefined =>
  kept === undefined || kept.isMarker ? undefined : { value: kept.data, revision: kept.revision };
