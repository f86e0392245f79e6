// What a jobboard on NATS makes of answers that are lost, late, or behind.
import t from "tap";
import { FlowError } from "../../lib/errors.ts";
import type { Change } from "../../lib/jobboard/store.ts";
import { type BucketFace, BucketStore } from "../../lib/nats/board-store.ts";
import type { Kept } from "../../lib/nats/bucket.ts";
import { systemClock } from "../../lib/system.ts";

const lost = new FlowError("NO_ANSWER", { to: "x", timeoutMs: 1 });
const one = Buffer.from("one");
const two = Buffer.from("two");

/** A bucket that does as it should, but for what the script says of its next calls. */
class Scripted implements BucketFace {
  readonly keptOf = new Map<string, Kept>();
  readonly calls: string[] = [];
  readonly timeouts: number[] = [];
  /** `lose`: it is done, and no answer comes. `drop`: it isn't even done. `stale`: answers with what was before. */
  readonly script: ("ok" | "lose" | "drop" | "stale")[] = [];
  #sequence = 10;
  #before: Kept | undefined;
  take: (kept: Kept) => void = () => undefined;
  end: (error: Error) => void = () => undefined;

  #next<Result>(call: string, work: () => Result, stale: () => Result): Result {
    this.calls.push(call);
    const what = this.script.shift() ?? "ok";
    if (what === "stale") return stale();
    if (what === "drop") throw lost;
    const result = work();
    if (what === "lose") throw lost;
    return result;
  }

  store(key: string, data: Uint8Array, isMarker = false): number {
    this.#before = this.keptOf.get(key);
    const revision = ++this.#sequence;
    this.keptOf.set(key, { key, data, revision, isMarker });
    return revision;
  }

  async last(key: string, timeoutMs = NaN): Promise<Kept | undefined> {
    this.timeouts.push(timeoutMs);
    return this.#next(
      "last",
      () => this.keptOf.get(key),
      () => this.#before,
    );
  }

  async put(
    key: string,
    data: Uint8Array,
    expected: number,
    timeoutMs = NaN,
  ): Promise<number | undefined> {
    this.timeouts.push(timeoutMs);
    return this.#change(`put ${expected}`, key, expected, data, false);
  }

  async delete(key: string, expected: number): Promise<number | undefined> {
    return this.#change(`delete ${expected}`, key, expected, Buffer.alloc(0), true);
  }

  #change(call: string, key: string, expected: number, data: Uint8Array, isMarker: boolean) {
    return this.#next(
      call,
      () =>
        (this.keptOf.get(key)?.revision ?? 0) === expected
          ? this.store(key, data, isMarker)
          : undefined,
      () => undefined,
    );
  }

  hear: () => void = () => undefined;

  listen(_: string, hear: () => void): () => void {
    this.hear = hear;
    return () => undefined;
  }

  async keys(): Promise<string[]> {
    return [...this.keptOf.keys()];
  }

  async lastOf(keys: readonly string[]): Promise<Kept[]> {
    return keys.flatMap((key) => this.keptOf.get(key) ?? []);
  }

  async forgetMarkers(): Promise<void> {}

  async watch(
    _: string,
    take: (kept: Kept) => void,
    caughtUp: () => void,
    ended: (error: Error) => void,
  ): Promise<() => void> {
    this.take = take;
    this.end = ended;
    for (const kept of this.keptOf.values()) take(kept);
    caughtUp();
    return () => undefined;
  }
}

function make(patienceMs = 5_000) {
  const bucket = new Scripted();
  let reconnected: (isConnected: boolean) => void = () => undefined;
  const transport = {
    watch: (changed: (isConnected: boolean) => void) => {
      reconnected = changed;
      return () => undefined;
    },
  };
  const log = () => undefined;
  const store = new BucketStore({ bucket, transport, clock: systemClock, patienceMs, log });
  return { bucket, store, reconnect: () => reconnected(true) };
}

t.test("a write whose answer was lost is found, and not done again", async (t) => {
  const { bucket, store } = make();
  bucket.script.push("lose");
  t.equal(await store.write("k", one, 0), 11);
  t.strictSame(bucket.calls.splice(0), ["put 0", "last"]);
  bucket.script.push("lose", "drop", "lose");
  t.equal(await store.write("k", two, 11), 12);
  t.strictSame(bucket.calls, ["put 11", "last", "last", "last"]);
});

t.test("a write that was lost itself is done again", async (t) => {
  const { bucket, store } = make();
  bucket.script.push("drop");
  t.equal(await store.write("k", one, 0), 11);
  bucket.script.push("drop");
  t.equal(await store.write("k", one, 11), 12, "also when it is the same value again");
  t.strictSame(bucket.calls, ["put 0", "last", "put 0", "put 11", "last", "put 11"]);
});

t.test("a write that comes through late is found by what refuses the next one", async (t) => {
  const { bucket, store } = make();
  const revision = bucket.store("k", one);
  bucket.script.push("lose", "stale");
  t.equal(await store.write("k", two, revision), revision + 1);
  t.strictSame(bucket.calls, ["put 11", "last", "put 11", "last"]);
});

t.test("a write that another one was faster than is refused, in doubt or not", async (t) => {
  const { bucket, store } = make();
  const revision = bucket.store("k", one);
  t.equal(await store.write("k", two, revision - 1), undefined);
  t.strictSame(bucket.calls.splice(0), ["put 10"]);
  bucket.script.push("drop");
  const writing = store.write("k", two, revision);
  bucket.store("k", Buffer.from("theirs"));
  t.equal(await writing, undefined);
  t.equal(await store.write("k", two, 0), undefined, "it is there already");
});

t.test("a key that was deleted can be made again, in the place of its marker", async (t) => {
  const { bucket, store } = make();
  const revision = await store.write("k", one, 0);
  t.equal(await store.delete("k", (revision ?? 0) - 1), false);
  bucket.script.push("lose");
  t.equal(await store.delete("k", revision ?? 0), true);
  t.equal(await store.delete("k", revision ?? 0), false, "only once");
  t.equal(await store.read("k"), undefined);
  t.strictSame(await store.all("jobs"), new Map());
  t.equal(await store.write("k", two, 0), 13);
  t.match(await store.read("k"), { revision: 13 });
});

t.test("a server that is behind is asked again", async (t) => {
  const { bucket, store } = make();
  await store.write("k", one, 0);
  await store.write("k", two, 11);
  bucket.script.push("stale", "stale");
  t.match(await store.read("k"), { value: two, revision: 12 });
  t.strictSame(bucket.calls.slice(2), ["last", "last", "last"]);
});

t.test("patience ends, with what was wrong", async (t) => {
  const { bucket, store } = make(1);
  bucket.script.push("drop");
  await t.rejects(store.read("k"), {
    code: "BOARD_UNAVAILABLE",
    message: "the jobboard can't be reached: no answer from x within 1 ms",
  });
  await store.write("k", one, 0);
  await store.write("k", one, 11);
  bucket.script.push("stale");
  await t.rejects(store.read("k"), {
    code: "BOARD_UNAVAILABLE",
    message: /does not know what others acknowledged$/,
  });
});

t.test("no answer may take longer than there is time", async (t) => {
  const { bucket, store } = make();
  bucket.script.push("drop");
  await store.write("k", one, 0, 300);
  const [first = 0, second = 0, third = 0] = bucket.timeouts.splice(0);
  t.ok(first > 250 && first <= 300, `${first}`);
  t.ok(second > 0 && second <= 200 && third > 0 && third <= second, `${second}, ${third}`);
  await store.read("k");
  t.strictSame(bucket.timeouts, [2_000]);
});

t.test("what went while the connection was away, and left no marker, is told", async (t) => {
  const { bucket, store, reconnect } = make();
  for (const key of ["a", "b", "c"]) await store.write(key, one, 0);
  const told: string[] = [];
  const changed = ({ key, stored }: Change): void => {
    told.push(`${key} ${stored === undefined ? "gone" : stored.revision}`);
  };
  const errors: Error[] = [];
  await store.watch(changed, (error) => errors.push(error));
  t.strictSame(told.splice(0), ["a 11", "b 12", "c 13"]);
  bucket.keptOf.delete("b");
  await store.delete("c", 13);
  reconnect();
  const marker = bucket.keptOf.get("c");
  if (marker !== undefined) bucket.take(marker);
  await new Promise(setImmediate);
  t.strictSame(told, ["c gone", "b gone"]);
  bucket.end(lost);
  t.match(errors, [{ code: "BOARD_UNAVAILABLE" }]);
});
