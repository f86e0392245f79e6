// The codec of snapshots: what was written comes back, and whatever else is there is no snapshot.
import assert from "node:assert/strict";
import fc from "fast-check";
import t from "tap";
import { pack, unpack } from "../../lib/bytes.ts";
import { encodeBatch } from "../../lib/journal/record.ts";
import { encodeSnapshot, openSnapshot } from "../../lib/journal/snapshot.ts";
import type { StateSnapshot } from "../../lib/plan/snapshot.ts";
import { begin, next } from "./batches.ts";
import { snapshotOf } from "./snapshots.ts";

interface Written {
  readonly bytes: Buffer;
  readonly parts: Map<string, Uint8Array>;
}

function write(snapshot: StateSnapshot): Written {
  const { bytes, parts } = encodeSnapshot(snapshot, 99);
  return { bytes, parts: new Map(parts.map((part) => [part.hash, part.bytes])) };
}

const read = (bytes: Uint8Array, { parts }: Written): StateSnapshot | undefined =>
  openSnapshot(bytes)?.read((hash) => parts.get(hash));

const large = "x".repeat(100_000);

t.test("what is large goes beside it, as it does beside batches", (t) => {
  const snapshot = snapshotOf("f", 2, { values: [large, "small", large] });
  const written = write(snapshot);
  t.ok(written.bytes.length < 10_000);
  const beside = [begin("f"), next(3, large)].flatMap((batch) => encodeBatch(batch).parts);
  t.strictSame(new Set(written.parts.keys()), new Set(beside.map(({ hash }) => hash)));
  t.strictSame(new Set(openSnapshot(written.bytes)?.parts), new Set(written.parts.keys()));
  t.equal(openSnapshot(written.bytes)?.checksum, 99);
  assert.deepStrictEqual(read(written.bytes, written), snapshot);
  t.end();
});

t.test("without what is beside it, or with something else, it can't be read", (t) => {
  for (const change of [
    ({ parts }: Written, hash: string) => parts.delete(hash),
    ({ parts }: Written, hash: string) => parts.set(hash, Buffer.from("else")),
  ]) {
    const written = write(snapshotOf("f", 2, { values: [large] }));
    for (const hash of [...written.parts.keys()]) {
      const broken = { ...written, parts: new Map(written.parts) };
      change(broken, hash);
      t.equal(read(written.bytes, broken), undefined);
    }
  }
  t.end();
});

t.test("a snapshot of another version, or one with more in it, is none", (t) => {
  const written = write(snapshotOf("f", 2));
  const list = unpack(written.bytes) as unknown[];
  t.ok(read(pack(list), written));
  t.equal(openSnapshot(pack([2, ...list.slice(1)])), undefined, "newer");
  t.equal(openSnapshot(pack([0, ...list.slice(1)])), undefined, "older");
  const fields = list[4] as unknown[];
  const more = pack([...list.slice(0, 4), [...fields, 1, 2, 3, 4]]);
  t.equal(read(more, written), undefined, "unknown fields");
  const less = pack([...list.slice(0, 4), fields.slice(0, 9)]);
  t.equal(read(less, written), undefined, "fields that are missing");
  t.end();
});

t.test("bytes of any kind are a snapshot or none, soon, and nothing else", (t) => {
  const written = write(snapshotOf("f", 2, { values: [{ a: [1, "two"] }] }));
  fc.assert(
    fc.property(fc.nat(written.bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, flips) => {
      const bytes = Buffer.from(written.bytes);
      bytes[at] = (bytes[at] ?? 0) ^ flips;
      read(bytes, written);
      read(bytes.subarray(0, at), written);
    }),
    { numRuns: 500 },
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      read(bytes, written);
      read(Buffer.concat([written.bytes.subarray(0, 20), bytes]), written);
    }),
    { numRuns: 500 },
  );
  t.pass();
  t.end();
});

t.test("one that is too large is refused", (t) => {
  const values = Array.from({ length: 600 }, (_, at) => `${at}`.padEnd(60_000, "x"));
  t.throws(() => encodeSnapshot(snapshotOf("f", 2, { values }), 1), {
    code: "PAYLOAD_REFUSED",
    message: /its snapshot takes 36\d{6} bytes, more than 33554432/,
  });
  t.ok(encodeSnapshot(snapshotOf("f", 2, { values: values.slice(300) }), 1));
  t.end();
});
