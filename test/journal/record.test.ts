// The codec of batches: what was written comes back, and whatever else is there is found out.
import assert from "node:assert/strict";
import { crc32 } from "node:zlib";
import fc from "fast-check";
import t from "tap";
import { admit } from "../../lib/codec.ts";
import { FlowError } from "../../lib/errors.ts";
import {
  decodeBatch,
  encodeBatch,
  type FindPart,
  nextAfter,
  rootChecksum,
  seal,
} from "../../lib/journal/record.ts";
import type { Batch } from "../../lib/plan/records.ts";
import { payload } from "../payloads.ts";
import { begin, everyRecord, next } from "./batches.ts";
import { workedMs } from "../worked.ts";

interface Stored {
  readonly bytes: Buffer;
  readonly find: FindPart;
  readonly hashes: readonly string[];
}

function store(batch: Batch, before: number): Stored {
  const { bytes, parts } = encodeBatch(batch);
  seal(bytes, before);
  const found = new Map(parts.map(({ hash, bytes }) => [hash, bytes]));
  return { bytes: Buffer.from(bytes), find: (hash) => found.get(hash), hashes: [...found.keys()] };
}

/** What decoding says, as its message. */
function problem(
  bytes: Uint8Array,
  expected: { first: number; before: number },
  find: FindPart = () => undefined,
): string {
  try {
    decodeBatch(bytes, { flow: "f", ...expected }, find);
  } catch (error) {
    assert(FlowError.is(error, "JOURNAL_DAMAGED"), String(error));
    return error.message;
  }
  return "fine";
}

const of = (first: number, records: Batch["records"]): Batch => ({
  writer: "w1",
  epoch: 3,
  first,
  at: 1_234.5,
  records,
});

t.test("every kind of record comes back as it was", async () => {
  for (const record of everyRecord) {
    const batch = of(7, [record]);
    const { bytes, find } = store(batch, 99);
    assert.deepStrictEqual(
      decodeBatch(bytes, { flow: "f", first: 7, before: 99 }, find).batch,
      batch,
    );
  }
  const all = of(7, everyRecord);
  const { bytes, find } = store(all, 99);
  assert.deepStrictEqual(decodeBatch(bytes, { flow: "f", first: 7, before: 99 }, find).batch, all);
});

t.test("a failure has no value, whatever stands beside it", async () => {
  const failure = { name: "Error", message: "no" };
  const batch = of(1, [{ kind: "executed", atom: 0, attempt: 1, failure, value: undefined }]);
  const { bytes, find } = store(batch, 1);
  const [record] = decodeBatch(bytes, { flow: "f", first: 1, before: 1 }, find).batch.records;
  assert.deepStrictEqual(record, { kind: "executed", atom: 0, attempt: 1, failure });
});

t.test("whatever the gate admits is recorded as it is", async () => {
  fc.assert(
    fc.property(payload, (value) => {
      const batch = next(1, admit(value, "result"));
      const { bytes, find } = store(batch, 5);
      assert.deepStrictEqual(
        decodeBatch(bytes, { flow: "f", first: 1, before: 5 }, find).batch,
        batch,
      );
    }),
    { numRuns: 200 },
  );
});

t.test("large values and blueprints go beside the batch, each once", async (t) => {
  const large = "x".repeat(64 * 1024 + 1);
  const twice = of(1, [
    { kind: "executed", atom: 0, attempt: 1, value: [large] },
    { kind: "executed", atom: 1, attempt: 1, value: [large] },
    { kind: "executed", atom: 2, attempt: 1, value: "small" },
  ]);
  const { bytes, find, hashes } = store(twice, 1);
  t.equal(hashes.length, 1);
  t.ok(bytes.length < 500, `the batch itself has ${bytes.length} bytes`);
  assert.deepStrictEqual(decodeBatch(bytes, { flow: "f", first: 1, before: 1 }, find).batch, twice);
  const first = begin();
  t.strictSame(
    store(first, 1).hashes,
    store(first, 2).hashes,
    "the same blueprint has the same hash",
  );
  t.equal(store(begin(), 1).hashes[0], store(first, 1).hashes[0], "and so has an equal one");
  const split = store(
    of(
      1,
      Array.from(
        { length: 2_000 },
        () => ({ kind: "executed", atom: 0, attempt: 1, value: "x".repeat(100) }) as const,
      ),
    ),
    1,
  );
  t.strictSame(split.hashes, [], "many small values stay");
});

t.test("what is beside the batch is checked too", async (t) => {
  const { bytes, find, hashes } = store(begin(), 1);
  const [hash = ""] = hashes;
  const place = { first: 1, before: 1 };
  t.equal(
    problem(bytes, place),
    `journal of flow "f" is damaged at sequence 1: a value it refers to is missing: ${hash}`,
  );
  const flipped = Buffer.from(find(hash) ?? []);
  flipped[20]! ^= 1;
  t.match(
    problem(bytes, place, () => flipped),
    /a value it refers to is damaged/,
  );
});

t.test("a batch is only good in its place", async (t) => {
  const { bytes, find } = store(next(5), 77);
  const at = 'journal of flow "f" is damaged at sequence';
  t.equal(problem(bytes, { first: 5, before: 77 }, find), "fine");
  t.equal(problem(bytes, { first: 7, before: 77 }), `${at} 7: what stands there begins with 5`);
  t.equal(
    problem(bytes, { first: 5, before: 78 }),
    `${at} 5: it does not follow the batch before it`,
  );
  t.equal(problem(bytes.subarray(0, 10), { first: 5, before: 77 }), `${at} 5: it is cut`);
  t.equal(
    problem(bytes.subarray(0, -1), { first: 5, before: 77 }),
    `${at} 5: its checksum is wrong`,
  );
  t.not(rootChecksum("a"), rootChecksum("b"), "another flow's first batch doesn't fit either");
});

/** Changes bytes and makes the checksum right again: nothing but the check of contents is left. */
function forge(bytes: Buffer, change: (copy: Buffer) => Buffer | undefined): Buffer {
  const copy = Buffer.from(bytes);
  const forged = change(copy) ?? copy;
  forged.writeUInt32LE(0, 0);
  forged.writeUInt32LE(crc32(forged), 0);
  return forged;
}

t.test("a newer version says so", async (t) => {
  const { bytes } = store(next(5), 77);
  const place = { first: 5, before: 77 };
  const newer = forge(bytes, (copy) => void copy.writeUInt32LE(2, 4));
  t.match(
    problem(newer, place),
    /it was written by a newer fourstroke: format 2; this one reads 1$/,
  );
  t.match(
    problem(
      forge(bytes, (copy) => void copy.writeUInt32LE(0, 4)),
      place,
    ),
    /it is of no known format$/,
  );
  t.match(
    problem(
      forge(bytes, (copy) => void copy.writeUInt32LE(1, 8)),
      place,
    ),
    /its length is wrong$/,
  );
  t.match(
    problem(
      forge(bytes, (copy) => void copy.writeUInt32LE(3, 36)),
      place,
    ),
    /as many records as it says$/,
  );
});

t.test("the sequence after a batch is known from its bytes alone", async (t) => {
  const { bytes } = store(next(5), 77);
  t.equal(nextAfter(bytes), 7);
  bytes[bytes.length - 1]! ^= 1;
  t.equal(nextAfter(bytes), undefined);
});

t.test("a batch without records is a mistake of the caller", async (t) => {
  t.throws(() => encodeBatch(of(1, [])), { message: "a batch without records" });
});

t.test("every single flipped bit is found", async (t) => {
  const { bytes, find } = store(of(7, everyRecord), 99);
  let found = 0;
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    bytes[bit >> 3]! ^= 1 << (bit & 7);
    if (problem(bytes, { first: 7, before: 99 }, find) !== "fine") found++;
    bytes[bit >> 3]! ^= 1 << (bit & 7);
  }
  t.equal(found, bytes.length * 8);
});

t.test("random and changed bytes: an error or a batch, soon, and nothing else", async () => {
  const { bytes, find } = store(of(7, everyRecord), 99);
  const changed = fc
    .tuple(fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 5 }), fc.nat())
    .map(([changes, cut]) =>
      forge(bytes, (copy) => {
        for (const [at, byte] of changes) copy[40 + (at % (copy.length - 40))] = byte;
        const length = cut % 3 === 0 ? 41 + (cut % (copy.length - 41)) : copy.length;
        copy.writeUInt32LE(length, 8);
        return copy.subarray(0, length);
      }),
    );
  const random = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes));
  fc.assert(
    fc.property(fc.oneof(changed, random), (bytes) => {
      const start = workedMs();
      problem(bytes, { first: 7, before: 99 }, find);
      assert(workedMs() - start < 1_000, "it took too long");
    }),
    { numRuns: 5_000 },
  );
});
