/** Everything that the gate admits, for property tests. */
import fc from "fast-check";

// The keys that objects, msgpackr or careless code treat as special; `__proto__` is refused.
const oddKeys = [
  ..."constructor prototype toJSON hasOwnProperty valueOf toString then length".split(" "),
  ..."__keys__ __defineGetter__ 0 1 -1".split(" "),
  "",
  "\uFEFF",
  `\uFEFF${"k".repeat(70)}`,
  "\u0000",
  "é".repeat(40),
];

const text = fc.oneof(
  { weight: 10, arbitrary: fc.string({ unit: "binary" }) },
  { weight: 10, arbitrary: fc.string({ unit: "grapheme", maxLength: 100 }) },
  // A byte order mark, and lengths around the format's steps.
  { weight: 10, arbitrary: fc.string({ maxLength: 150 }).map((rest) => `\uFEFF${rest}`) },
  { weight: 5, arbitrary: fc.constantFrom(31, 32, 255, 256).map((length) => "é".repeat(length)) },
  { weight: 1, arbitrary: fc.constantFrom(65_535, 65_536).map((length) => "x".repeat(length)) },
);

const key = fc
  .oneof(fc.constantFrom(...oddKeys), fc.string({ unit: "binary" }))
  .filter((name) => name !== "__proto__");

const bigint = fc.oneof(
  fc.bigInt(),
  fc.constantFrom(2n ** 63n - 1n, 2n ** 63n, 2n ** 64n, -(2n ** 63n), -(2n ** 63n) - 1n),
  fc.tuple(fc.nat(1_000), fc.bigInt()).map(([bits, more]) => (more << BigInt(bits)) + 1n),
);

const bytes = fc.oneof(
  fc.uint8Array(),
  fc.int8Array(),
  fc.uint8ClampedArray(),
  fc.int16Array(),
  fc.uint16Array(),
  fc.int32Array(),
  fc.uint32Array(),
  fc.float32Array(),
  fc.float64Array(),
  fc.bigInt64Array(),
  fc.bigUint64Array(),
  fc.uint8Array().map((array) => array.slice().buffer),
  fc.constantFrom(254, 255, 256).map((length) => new Uint8Array(length)),
);

const leaf = fc.oneof(
  fc.constantFrom(null, undefined, true, false, Number.NaN, Number.POSITIVE_INFINITY, -0),
  fc.double(),
  fc.integer(),
  fc.maxSafeInteger(),
  fc.constantFrom(127, 128, 255, 256, 65_535, 65_536, 2 ** 31, 2 ** 32, -(2 ** 31) - 1),
  text,
  bigint,
  bytes,
  fc.date({ noInvalidDate: true }), // Node takes two invalid ones for different
);

/** A payload, nested at most a few levels. */
export const payload: fc.Arbitrary<unknown> = fc.letrec<{ any: unknown }>((tie) => ({
  any: fc.oneof(
    { maxDepth: 4, depthSize: "small" },
    leaf,
    fc.array(tie("any")),
    fc.dictionary(key, tie("any")),
    fc.dictionary(key, tie("any"), { noNullPrototype: false }),
    fc.array(fc.tuple(tie("any"), tie("any"))).map((entries) => new Map(entries)),
    fc.array(tie("any")).map((members) => new Set(members)),
  ),
})).any;
