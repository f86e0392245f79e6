// Payloads as bytes: the gotchas of the format one by one, without msgpackr's native part as well.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fc from "fast-check";
import t from "tap";
import { decode, encode } from "../lib/bytes.ts";
import { workedMs } from "./worked.ts";

const same = (value: unknown): void => assert.deepStrictEqual(decode(encode(value)), value);

const mark = "\uFEFF";

const gotchas: readonly (readonly [why: string, value: unknown])[] = [
  [
    "a Map is not an object",
    {
      a: new Map<unknown, unknown>([
        [{ k: 1 }, "x"],
        ["k", [new Map()]],
      ]),
    },
  ],
  ["an empty Map", new Map()],
  ["a Map in a Set", new Set([new Map([[1, 2]])])],
  ["a byte order mark", `${mark}${"x".repeat(100)}`],
  ["a byte order mark alone", [mark, `${mark}${mark}`, `${mark}ab`]],
  ["a byte order mark in a key", { [`${mark}${"k".repeat(100)}`]: 1, other: [1] }],
  [
    "a byte order mark in a Map",
    new Map([[`${mark}${"k".repeat(100)}`, `${mark}${"é".repeat(60)}`]]),
  ],
  ["keys that records break on", [{ __keys__: 1 }, {}, { a: 1 }, { a: 1, __keys__: 2 }]],
  ["keys that look like methods", { toJSON: 1, constructor: null, hasOwnProperty: 2 }],
  ["wide typed arrays", [new Float64Array([1.5, -0, Number.NaN]), new BigInt64Array([-5n])]],
  ["a large whole number", [2n ** 64n, -(2n ** 200n), 2n ** 70_000n, 5n]],
  ["undefined is not null", [undefined, null, { a: undefined }]],
  ["a prototype key from elsewhere stays a key", new Map([["__proto__", 1]])],
];

for (const [why, value] of gotchas) t.test(why, async () => same(value));

t.test("bytes of one value don't depend on what was packed before", async (t) => {
  const first = encode({ a: 1, b: [{ c: 2 }] }).toString("hex");
  for (const [, value] of gotchas) encode(value);
  t.equal(encode({ a: 1, b: [{ c: 2 }] }).toString("hex"), first);
});

t.test("bytes can be kept free for a header", async (t) => {
  const plain = encode({ a: 1 });
  const bytes = encode({ a: 1 }, 40);
  t.equal(bytes.length, 40 + plain.length);
  t.strictSame(bytes.subarray(40), plain);
});

t.test("other bytes end in an error or a value, soon", async () => {
  const valid = gotchas.map(([, value]) => encode(value)).filter(({ length }) => length < 1_000);
  const mutated = fc
    .tuple(fc.constantFrom(...valid), fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }))
    .map(([bytes, changes]) => {
      const copy = Buffer.from(bytes);
      for (const [at, byte] of changes) copy[at % copy.length] = byte;
      return copy;
    });
  fc.assert(
    fc.property(fc.oneof(mutated, fc.uint8Array({ maxLength: 64 })), (bytes) => {
      const start = workedMs();
      try {
        decode(bytes);
      } catch (error) {
        assert(error instanceof Error);
      }
      assert(workedMs() - start < 1_000);
    }),
    { numRuns: 5_000 },
  );
  same({ still: "right" });
});

// The native part is an optional package with its own ideas of a text.
if (process.env["MSGPACKR_NATIVE_ACCELERATION_DISABLED"] === undefined) {
  t.test("all of it without msgpackr's native part", async (t) => {
    const env = { ...process.env, MSGPACKR_NATIVE_ACCELERATION_DISABLED: "true" };
    for (const file of ["bytes.test.js", "codec.test.js"]) {
      const path = new URL(file, import.meta.url).pathname;
      const { status, stdout } = spawnSync(process.execPath, [path], { env, encoding: "utf8" });
      t.equal(status, 0, `${file}: ${stdout.slice(0, 2_000)}`);
    }
  });
}
