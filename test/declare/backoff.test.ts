import assert from "node:assert/strict";
import fc from "fast-check";
import t from "tap";
import { backoffMs, waitMs } from "../../lib/backoff.ts";

const backoff = { firstMs: 100, factor: 2, maxMs: 1_000, jitter: "full" } as const;

t.test("waits grow by the factor up to the longest", async (t) => {
  t.strictSame(
    [2, 3, 4, 5, 6, 7].map((attempt) => backoffMs(backoff, attempt)),
    [100, 200, 400, 800, 1_000, 1_000],
  );
  t.strictSame(
    [2, 3, 4].map((attempt) => backoffMs({ firstMs: 3, factor: 1.5, maxMs: 100 }, attempt)),
    [3, 5, 7],
    "in whole milliseconds",
  );
});

t.test("full jitter draws from nothing to the wait; none takes all of it", async (t) => {
  t.equal(
    waitMs(backoff, 3, () => 0),
    0,
  );
  t.equal(
    waitMs(backoff, 3, () => 0.5),
    100,
  );
  t.equal(
    waitMs(backoff, 3, () => 1 - Number.EPSILON),
    199,
  );
  t.equal(
    waitMs({ ...backoff, jitter: "none" }, 3, () => 0),
    200,
  );
});

t.test("there is no wait before the first attempt", async (t) => {
  for (const attempt of [1, 0, -1, 2.5, NaN, Infinity]) {
    t.throws(() => backoffMs(backoff, attempt), {
      name: "RangeError",
      message: `attempt must be a whole number from 2 up, got ${String(attempt)}`,
    });
  }
});

t.test("every wait is a whole number within its bounds", async () => {
  const options = fc.record({
    firstMs: fc.nat(2_147_483_647),
    factor: fc.double({ min: 1, max: 1e6, noNaN: true }),
    maxMs: fc.nat(2_147_483_647),
    jitter: fc.constantFrom("full" as const, "none" as const),
  });
  const attempts = fc.integer({ min: 2, max: 100_000 });
  const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  fc.assert(
    fc.property(options, attempts, chance, (given, attempt, random) => {
      const longest = backoffMs(given, attempt);
      const wait = waitMs(given, attempt, () => random);
      assert.ok(Number.isSafeInteger(wait) && Number.isSafeInteger(longest));
      assert.ok(0 <= wait && wait <= longest && longest <= given.maxMs);
      assert.ok(longest >= Math.min(given.firstMs, given.maxMs));
      assert.ok(longest <= backoffMs(given, attempt + 1), "it never gets shorter");
    }),
  );
});
