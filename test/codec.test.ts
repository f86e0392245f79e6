// The gate (I8): what it lets through, how it says no, and that nobody shares what it has copied.
import assert from "node:assert/strict";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import t from "tap";
import { decode, encode } from "../lib/bytes.ts";
import { admit, copyOut } from "../lib/codec.ts";
import { FlowError } from "../lib/errors.ts";
import { payload } from "./payloads.ts";

function refusal(value: unknown, limits?: Parameters<typeof admit>[2]): string {
  try {
    admit(value, "result", limits);
  } catch (error) {
    assert(FlowError.is(error, "PAYLOAD_REFUSED"), String(error));
    return error.message;
  }
  return "admitted";
}

class Account {
  readonly owner = "me";
}
class Days extends Date {}

const throws = () => {
  throw new Error("not today");
};

const cyclic: { held: { list: unknown[] } } = { held: { list: [1] } };
cyclic.held.list.push(cyclic.held);

const refused: readonly (readonly [why: string, value: unknown, message: string])[] = [
  ["a function", { items: [1, 2, 3, { cb: () => 1 }] }, "result.items[3].cb is a function"],
  ["a function alone", () => 1, "result is a function"],
  ["a symbol", { a: Symbol("s") }, "result.a is a symbol"],
  ["a promise", [Promise.resolve(1)], "result[0] is a promise; await it first"],
  [
    "a class instance",
    { a: new Account() },
    "result.a is an instance of Account; only plain data can be recorded",
  ],
  [
    "a subclass of a built-in",
    new Days(),
    "result is an instance of Days; only plain data can be recorded",
  ],
  [
    "an error",
    new TypeError("x"),
    "result is an instance of TypeError; only plain data can be recorded",
  ],
  ["a WeakMap", new WeakMap(), "result is an instance of WeakMap; only plain data can be recorded"],
  ["a RegExp", [/x/], "result[0] is an instance of RegExp; only plain data can be recorded"],
  ["a boxed number", Object(1), "result is an instance of Number; only plain data can be recorded"],
  [
    "a view of bytes",
    new DataView(new ArrayBuffer(1)),
    "result is an instance of DataView; only plain data can be recorded",
  ],
  [
    "shared memory",
    new SharedArrayBuffer(1),
    "result is an instance of SharedArrayBuffer; only plain data can be recorded",
  ],
  [
    "an object of no class",
    Object.create({ inherited: 1 }),
    "result is an instance of Object; only plain data can be recorded",
  ],
  [
    "a prototype without a constructor",
    Object.create(Object.create(null) as object),
    "result is an instance of a class; only plain data can be recorded",
  ],
  [
    "a proxy of a Map",
    new Proxy(new Map(), {}),
    "result is an instance of Map; only plain data can be recorded",
  ],
  ["a cycle", cyclic, "result.held.list[1] is a cycle: it is inside itself"],
  ["in a Map, by key", new Map([["k", { f: throws }]]), 'result.get("k").f is a function'],
  ["in a Map, behind an odd key", new Map([[{}, throws]]), "result.values()[0] is a function"],
  [
    "a key of a Map",
    new Map([
      [1, 1],
      [throws, 1],
    ] as [unknown, number][]),
    "result.keys()[1] is a function",
  ],
  ["in a Set", new Set([1, throws]), "result.values()[1] is a function"],
  ["half a surrogate pair", ["\ud83d"], "result[0] is not well-formed Unicode"],
  ["half a pair in a key", { "a\ud83d": 1 }, 'result["a\\ud83d"] is not well-formed Unicode'],
  [
    "a key that would set a prototype",
    JSON.parse('{"__proto__":{"x":1}}'),
    "result.__proto__ is a key that can't be recorded",
  ],
  ["an odd key in the path", { "a b": { c: throws } }, 'result["a b"].c is a function'],
  [
    "a getter that throws",
    {
      a: {
        get b() {
          return throws();
        },
      },
    },
    "result.a.b can't be read: not today",
  ],
  [
    "a proxy that throws",
    [new Proxy({}, { ownKeys: throws })],
    "result[0] can't be read: not today",
  ],
  [
    "a proxy that throws nonsense",
    new Proxy(
      {},
      {
        getPrototypeOf: () => {
          throw Object.create(null);
        },
      },
    ),
    "result can't be read: what it throws can't be read either",
  ],
  [
    "a constructor that throws",
    Object.defineProperty(new Account(), "constructor", { get: throws }),
    "result can't be read: not today",
  ],
  ["an array that is only long", new Array(4e9), "result is bigger than 16777216 bytes"],
  ["a long text", { a: "x".repeat(17 * 2 ** 20) }, "result is bigger than 16777216 bytes"],
  ["many bytes", new Float64Array(2 ** 21 + 1), "result is bigger than 16777216 bytes"],
  ["a large number", 2n ** (8n * 17n * 2n ** 20n), "result is bigger than 16777216 bytes"],
];

for (const [why, value, message] of refused) {
  t.test(`refused: ${why}`, async (t) => {
    t.equal(refusal(value), message);
  });
}

t.test("how deep and how big is a setting", async (t) => {
  const nested = (levels: number): unknown => (levels === 0 ? 1 : [nested(levels - 1)]);
  t.equal(refusal(nested(100)), "admitted");
  t.match(refusal(nested(101)), /^result(\[0\]){100} is nested deeper than 100 levels$/);
  t.equal(
    refusal({ a: { b: {} } }, { depth: 2, bytes: 1_000 }),
    "result.a.b is nested deeper than 2 levels",
  );
  t.equal(refusal("x".repeat(100), { depth: 2, bytes: 100 }), "result is bigger than 100 bytes");
  t.equal(refusal(["x".repeat(90)], { depth: 2, bytes: 100 }), "admitted");
});

t.test("what is held ever so often is bounded by its copies", async (t) => {
  let value: unknown = "x".repeat(100);
  for (let level = 0; level < 90; level++) value = [value, value];
  t.equal(refusal(value), "result is bigger than 16777216 bytes");
});

t.test("what changes on the way in", async (t) => {
  t.ok(Object.is(admit(-0, "result"), 0));
  t.ok(Object.is((admit([-0], "result") as number[])[0], 0));
  const bytes = admit({ b: Buffer.from("ab") }, "result") as { b: unknown };
  t.equal(Object.getPrototypeOf(bytes.b), Uint8Array.prototype, "a Buffer is bytes");
  t.strictSame(admit(new Array(2), "result"), [undefined, undefined], "a hole is undefined");
  const bare = admit(Object.assign(Object.create(null), { a: 1 }), "result");
  t.equal(Object.getPrototypeOf(bare), Object.prototype, "no prototype becomes the usual one");
  const twice = { a: 1 };
  const [one, two] = admit([twice, twice], "result") as object[];
  t.not(one, two, "what is held twice is two copies");
  t.strictSame(
    admit(
      {
        get a() {
          return 5;
        },
      },
      "result",
    ),
    { a: 5 },
    "a getter is what it gives",
  );
  const extra = Object.assign([1], { note: 2, [Symbol("s")]: 3 });
  t.strictSame(
    Object.keys(admit(extra, "result") as object),
    ["0"],
    "only elements are an array's",
  );
});

t.test("values of another realm are plain data too", async (t) => {
  const other =
    "({ a: [1, { b: new Date(5) }], m: new Map([[1, new Set([2])]]), u: new Uint8Array([7]) })";
  const expected = {
    a: [1, { b: new Date(5) }],
    m: new Map([[1, new Set([2])]]),
    u: new Uint8Array([7]),
  };
  assert.deepStrictEqual(admit(runInNewContext(other), "result"), expected);
  t.match(refusal(runInNewContext("new (class Foo {})()")), /is an instance of Foo/);
});

t.test(
  "whatever is admitted is the same after the bytes, a copy out, and the gate again",
  async () => {
    fc.assert(
      fc.property(payload, (value) => {
        const admitted = admit(value, "result");
        assert.deepStrictEqual(decode(encode(admitted)), admitted);
        assert.deepStrictEqual(copyOut(admitted), admitted);
        assert.deepStrictEqual(admit(admitted, "result"), admitted);
      }),
      { numRuns: 300 },
    );
  },
);

// Apart from the rest: Node takes two of them for different.
t.test("a date that is none stays one", async (t) => {
  const admitted = admit(new Date(NaN), "result");
  for (const date of [admitted, decode(encode(admitted)), copyOut(admitted)]) {
    t.ok(date instanceof Date && Number.isNaN(date.getTime()));
  }
});

t.test(
  "nothing that is thrown is anything but a refusal, and no prototype is touched",
  async () => {
    const before = Object.getOwnPropertyNames(Object.prototype).length;
    const hostile = fc.oneof(
      fc.anything({
        withMap: true,
        withSet: true,
        withTypedArray: true,
        withSparseArray: true,
        withBoxedValues: true,
        withNullPrototype: true,
        withDate: true,
        withBigInt: true,
      }),
      fc
        .anything()
        .map((target) =>
          typeof target === "object" && target !== null
            ? new Proxy(target, { get: throws })
            : target,
        ),
      fc.anything().map((held) => JSON.parse(`{"__proto__":${JSON.stringify([held])}}`) as unknown),
    );
    fc.assert(
      fc.property(hostile, (value) => {
        try {
          admit(value, "result");
        } catch (error) {
          assert(FlowError.is(error, "PAYLOAD_REFUSED"));
        }
      }),
      { numRuns: 1_000 },
    );
    assert.equal(Object.getOwnPropertyNames(Object.prototype).length, before);
    assert.equal(({} as { x?: unknown }).x, undefined);
  },
);

t.test("nobody shares what may change: neither the producer nor two consumers", async (t) => {
  const make = () => ({
    list: [1, { deep: true }],
    map: new Map([["k", [1]]]),
    set: new Set([{ a: 1 }]),
    date: new Date(1),
    bytes: new Uint8Array([1]),
    buffer: new Uint8Array([1]).buffer,
  });
  const produced = make();
  const recorded = admit(produced, "result") as ReturnType<typeof make>;
  const first = copyOut(recorded) as ReturnType<typeof make>;
  for (const value of [produced, first]) {
    value.list.push(2);
    (value.list[1] as { deep: boolean }).deep = false;
    value.map.get("k")?.push(2);
    for (const member of value.set) member.a = 2;
    value.date.setTime(2);
    value.bytes[0] = 2;
    new Uint8Array(value.buffer)[0] = 2;
  }
  assert.deepStrictEqual(recorded, make());
  t.pass();
});
