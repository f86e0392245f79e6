// Values reach the page as they are.
import fc from "fast-check";
import assert from "node:assert/strict";
import t from "tap";
import { admit } from "../../lib/codec.ts";
import { Omitted, fromJson, toJson } from "../../lib/inspector/wire.ts";

const through = (value: unknown): unknown => fromJson(JSON.parse(JSON.stringify(toJson(value))));

t.test("every kind of value comes back", async (t) => {
  const values: readonly unknown[] = [
    undefined,
    null,
    true,
    0,
    -1.5,
    NaN,
    -0,
    Infinity,
    -Infinity,
    "",
    "</script>",
    2n ** 80n,
    new Date(0),
    [undefined, [1]],
    { a: undefined },
    { $: 1 },
    { $: ["date", 5] },
    new Map([[new Map(), 1n]]),
    new Set([new Date(7)]),
    new Uint8Array([1, 2]),
    new Float64Array([NaN, 1.5, -0]),
    new BigInt64Array([-5n]),
    new Uint8Array([9]).buffer,
    JSON.parse('{"__proto__": {"polluted": 1}}'),
  ];
  for (const value of values) {
    t.doesNotThrow(
      () => {
        assert.deepStrictEqual(through(value), value);
      },
      typeof value,
    );
  }
  t.ok(Number.isNaN((through(new Date(NaN)) as Date).getTime()));
  t.equal(({} as { polluted?: number }).polluted, undefined);
  t.strictSame(through(new Omitted(9)), new Omitted(9));
});

t.test("any value comes back", async () => {
  const anything = fc.anything({
    withBigInt: true,
    withDate: true,
    withMap: true,
    withSet: true,
    withTypedArray: true,
    withSparseArray: false,
    withNullPrototype: false,
    withObjectString: false,
  });
  fc.assert(
    fc.property(anything, (value) => {
      let admitted: unknown;
      try {
        admitted = admit(value, "value");
      } catch {
        fc.pre(false); // no payload
      }
      assert.deepStrictEqual(through(admitted), admitted);
    }),
    { numRuns: 300 },
  );
});
