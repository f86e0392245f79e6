import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import t from "tap";
import { failureOf } from "../../lib/failure.ts";
import { checkInputs } from "../../lib/schema.ts";
import type { Retry } from "../../lib/types.ts";
import {
  alwaysRevert,
  alwaysRevertAll,
  ask,
  attemptWith,
  boom,
  forEach,
  isFrozen,
  parameterizedForEach,
  retry,
  times,
} from "./loose.ts";

/** The values of the attempts that are made while every attempt fails, and the verdict after. */
function exhaust(controller: Retry, inputs: Record<string, unknown> = {}): [unknown[], unknown] {
  const values: unknown[] = [];
  for (;;) {
    values.push(controller.execute(inputs, attemptWith(values)));
    const verdict = controller.onFailure(inputs, ask(values));
    if (verdict !== "RETRY") return [values, verdict];
  }
}

t.test("times makes so many attempts in all, and counts them from 1", async (t) => {
  t.strictSame(exhaust(times(3)), [[1, 2, 3], "REVERT"]);
  t.strictSame(exhaust(times(1)), [[1], "REVERT"]);
  t.strictSame(exhaust(times(2, { revertAll: true })), [[1, 2], "REVERT_ALL"]);
});

t.test("forEach makes an attempt for each value, equal ones included", async (t) => {
  const values = ["a", { n: [1] }, "a", { n: [1] }];
  t.strictSame(exhaust(forEach(values)), [["a", { n: [1] }, "a", { n: [1] }], "REVERT"]);
  t.strictSame(exhaust(forEach(["a"], { revertAll: true })), [["a"], "REVERT_ALL"]);
});

t.test("forEach takes what comes back from a journal for what it gave", async (t) => {
  const again = forEach([{ host: "a" }, { host: "b" }]);
  t.strictSame(again.execute({}, attemptWith([{ host: "a" }])), { host: "b" });
});

t.test("values of the history that are no longer listed use nothing up", async (t) => {
  t.equal(forEach(["b", "c"]).execute({}, attemptWith(["a"])), "b");
});

t.test("forEach does not see later changes of its list", async (t) => {
  const values = ["a", "b"];
  const controller = forEach(values);
  values.pop();
  t.strictSame(exhaust(controller)[0], ["a", "b"]);
});

t.test("without a value left, the attempt itself fails", async (t) => {
  for (const [controller, values, attempt] of [
    [forEach([]), [], 1],
    [forEach(["a"]), ["a"], 2],
  ] as const) {
    t.throws(() => controller.execute({}, attemptWith(values)), {
      code: "NOT_FOUND",
      message: `no unused value for attempt "${String(attempt)}"`,
    });
  }
});

t.test("each value is used as often as it is listed, whatever the order", async () => {
  const value = fc.oneof(fc.constantFrom(0, 1, "a", null), fc.record({ x: fc.nat(1) }));
  fc.assert(
    fc.property(fc.array(value, { minLength: 1, maxLength: 8 }), (values) => {
      const [made] = exhaust(forEach(values));
      assert.ok(isDeepStrictEqual(made, values));
    }),
  );
});

t.test("parameterizedForEach takes its values from an input", async (t) => {
  const controller = parameterizedForEach({ provides: "host" });
  t.strictSame(exhaust(controller, { values: ["a", "b"] }), [["a", "b"], "REVERT"]);
  t.match(controller, { provides: "host", problems: [] });
  t.match(controller.inputs.required, [{ param: "values", symbol: "values" }]);
  const rebound = parameterizedForEach({ rebind: { values: "hosts" } });
  t.match(rebound.inputs.required, [{ param: "values", symbol: "hosts" }]);
  const listed = parameterizedForEach({ rebind: ["hosts"] });
  t.match(listed.inputs.required, [{ param: "values", symbol: "hosts" }]);
});

t.test("parameterizedForEach refuses what is no list", async (t) => {
  const controller = parameterizedForEach();
  const { inputs } = controller;
  await t.rejects(async () => checkInputs("f_retry", inputs, { values: "abc" }), {
    code: "INPUT_REFUSED",
    message: 'input "values" of "f_retry": must be a list, got "abc"',
  });
  t.strictSame(await checkInputs("f_retry", inputs, { values: [1] }), { values: [1] });
  t.equal(controller.onFailure({ values: "abc" }, ask([])), "REVERT");
});

t.test("alwaysRevert and alwaysRevertAll decide as they are called", async (t) => {
  t.strictSame(exhaust(alwaysRevert({ provides: "nothing" })), [[null], "REVERT"]);
  t.strictSame(exhaust(alwaysRevertAll()), [[null], "REVERT_ALL"]);
});

t.test("a backoff delays the next attempt, by the question's own chance", async (t) => {
  const backoff = { firstMs: 100, maxMs: 300 };
  const verdicts = (controller: Retry, random: number) =>
    [1, 2, 3].map((count) =>
      controller.onFailure({}, ask(Array<number>(count).fill(0), { random: () => random })),
    );
  const delays = (...all: number[]) => all.map((delayMs) => ({ verdict: "RETRY", delayMs }));
  t.strictSame(verdicts(times(9, { backoff }), 0.5), delays(50, 100, 150));
  const none = { ...backoff, jitter: "none", factor: 3 };
  t.strictSame(verdicts(times(9, { backoff: none }), 0.5), delays(100, 300, 300));
  t.strictSame(verdicts(times(9, { backoff }), 0), ["RETRY", "RETRY", "RETRY"], "no wait is none");
  const asked = times(9, { backoff: none }).onFailure({}, ask([]));
  t.strictSame(asked, { verdict: "RETRY", delayMs: 100 }, "asked although it made no attempt");
});

t.test("a backoff waits a minute at most, unless it says otherwise", async (t) => {
  const controller = times(99, { backoff: { firstMs: 1_000, jitter: "none" } });
  const history = Array<number>(50).fill(0);
  t.strictSame(controller.onFailure({}, ask(history)), { verdict: "RETRY", delayMs: 60_000 });
});

t.test("what unless names is not tried again", async (t) => {
  class Forbidden extends Error {}
  const unless = (failure: { name: string }) => failure.name === "Forbidden";
  for (const revertAll of [false, true]) {
    const controller = times(3, { unless, revertAll });
    t.equal(
      controller.onFailure({}, ask([1], { failure: failureOf(new Forbidden("no")) })),
      revertAll ? "REVERT_ALL" : "REVERT",
    );
    t.equal(controller.onFailure({}, ask([1], { failure: boom })), "RETRY");
  }
});

t.test("no attempt starts after withinMs, the wait before it included", async (t) => {
  const backoff = { firstMs: 100, jitter: "none" };
  const plain = times(9, { withinMs: 1_000 });
  t.equal(plain.onFailure({}, ask([1], { elapsedMs: 1_000 })), "RETRY");
  t.equal(plain.onFailure({}, ask([1], { elapsedMs: 1_001 })), "REVERT");
  const waiting = times(9, { withinMs: 1_000, backoff });
  t.match(waiting.onFailure({}, ask([1], { elapsedMs: 900 })), { verdict: "RETRY" });
  t.equal(waiting.onFailure({}, ask([1], { elapsedMs: 901 })), "REVERT");
});

t.test("the last attempt is not asked whether it may be repeated", async (t) => {
  const unless = () => t.fail("unless must not be called");
  t.equal(times(1, { unless }).onFailure({}, ask([1])), "REVERT");
});

t.test("a controller of one's own is kept as it is declared", async (t) => {
  const made = retry({
    name: "own",
    requires: ["limit"],
    rebind: { limit: "most" },
    provides: "n",
    execute: ({ limit }: { limit: number }) => limit,
    onFailure: () => "RETRY",
    revert: () => "undone",
  });
  t.match(made, { kind: "retry", name: "own", provides: "n", version: 1, problems: [] });
  t.match(made.inputs.required, [{ param: "limit", symbol: "most" }]);
  t.equal(made.revertInputs, made.inputs);
  t.equal(made.execute({ limit: 3 }, attemptWith([])), 3);
  t.equal(made.onFailure({}, ask([])), "RETRY");
  t.equal(made.revert?.({}, {} as never), "undone");
  t.ok(isFrozen(made));
});

t.test("every mistake of a controller is told", async (t) => {
  const positive = "must be a whole number from 1 up";
  const cases: [Retry, readonly string[]][] = [
    [times(0), [`attempts ${positive}, got 0`]],
    [times(undefined), [`attempts ${positive}, got undefined`]],
    [times("3"), [`attempts ${positive}, got "3"`]],
    [times(1, { name: "" }), ['name must be a non-empty text, got ""']],
    [times(1, 3), ["the options of times() must be an object, got 3"]],
    [times(1, { backof: 1 }), ['times() has no option "backof"; did you mean "backoff"?']],
    [times(1, { revertAll: 1 }), ["revertAll must be true or false, got 1"]],
    [times(1, { unless: "Forbidden" }), ['unless must be a function, got "Forbidden"']],
    [times(1, { withinMs: -1 }), ["withinMs must be a whole number from 0 up, got -1"]],
    [
      times(1, { provides: 1 }),
      ["provides must be a symbol, a list of symbols or { keys: a list of symbols }, got 1"],
    ],
    [
      times(1, { backoff: 1 }),
      [
        "backoff: the options of it must be an object, got 1",
        "backoff: firstMs must be a whole number from 0 to 2147483647, got undefined",
      ],
    ],
    [
      times(1, { backoff: { firstMs: 0.5, factor: 0, maxMs: "1 s", jitter: "some", maxms: 1 } }),
      [
        'backoff: it has no option "maxms"; did you mean "maxMs"?',
        "backoff: firstMs must be a whole number from 0 to 2147483647, got 0.5",
        'backoff: maxMs must be a whole number from 0 to 2147483647, got "1 s"',
        "backoff: factor must be a number from 1 up, got 0",
        'backoff: jitter must be "full" or "none", got "some"',
      ],
    ],
    [forEach("abc"), ['values must be a list, got "abc"']],
    [forEach(undefined), ["values must be a list, got undefined"]],
    [
      parameterizedForEach({ rebind: { value: "hosts" } }),
      ['rebind names "value", which is no parameter; did you mean "values"?'],
    ],
    [
      alwaysRevert({ revertAll: true }),
      ['alwaysRevert() has no option "revertAll"; it has name, provides, secrets'],
    ],
    [alwaysRevertAll("x"), ['the options of alwaysRevertAll() must be an object, got "x"']],
    [
      retry({}),
      ["execute must be a function, got undefined", "onFailure must be a function, got undefined"],
    ],
    [
      retry(undefined),
      [
        "the options of a retry controller must be an object, got null",
        "execute must be a function, got undefined",
        "onFailure must be a function, got undefined",
      ],
    ],
    [
      retry({ execute: () => 1, onfailure: () => "RETRY", onFailure: null }),
      [
        'a retry controller has no option "onfailure"; did you mean "onFailure"?',
        "onFailure must be a function, got null",
      ],
    ],
  ];
  for (const [made, expected] of cases) t.strictSame(made.problems, expected);
});
