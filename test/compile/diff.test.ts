// A journalled flow whose declaration changed: what may change, and what may not.
import t from "tap";
import { compile } from "../../lib/compile/compile.ts";
import { type BlueprintDiff, diffOf } from "../../lib/compile/diff.ts";
import type { Item } from "../../lib/types.ts";
import { graph, linear, retry, step, times, unordered } from "./declare.ts";

const diff = (old: Item, next: Item): BlueprintDiff =>
  diffOf(compile(old).blueprint, compile(next).blueprint);

const nothing = { added: [], removed: [], refused: [] };

t.test("the same declared again has no difference", async (t) => {
  const flow = (): Item => linear("f", { retry: times(2) }, step("a", "", "x"), step("b", "x"));
  t.strictSame(diff(flow(), flow()), nothing);
});

t.test("atoms may come and go; a new name is another atom", async (t) => {
  const old = linear("f", step("a"), step("b"), step("c"));
  const next = linear("f", { retry: times(2) }, step("d"), step("c"), step("a"));
  t.strictSame(diff(old, next), { added: ["f_retry", "d"], removed: ["b"], refused: [] });
});

t.test("atoms may be moved, reordered and bound anew", async (t) => {
  const old = linear("f", step("a", "", "x"), step("b", "x"), step("c"));
  const next = unordered("g", graph("h", step("c"), step("b", "x y"), step("a", "", "x")));
  t.strictSame(diff(old, next), nothing);
});

t.test("numbers that steer and constants may change", async (t) => {
  const more = { priority: 3, timeoutMs: 9, inject: { k: 1 }, revert: () => null };
  t.strictSame(diff(step("a"), step("a", "", "", more)), nothing);
});

t.test("refused: a task that became a controller, and the other way about", async (t) => {
  const controller = linear("f", { retry: times(2, { name: "a" }) });
  t.strictSame(diff(linear("f", step("a")), controller), {
    ...nothing,
    refused: ['"a" was a task, now it is a retry'],
  });
  t.strictSame(diff(controller, linear("f", step("a"))), {
    ...nothing,
    refused: ['"a" was a retry, now it is a task'],
  });
});

t.test("refused: another major version", async (t) => {
  t.strictSame(diff(step("a"), step("a", "", "", { version: 2 })), {
    ...nothing,
    refused: ['"a" was version 1, now it is 2'],
  });
});

t.test("refused: a symbol that would be read off another place of the same result", async (t) => {
  const provided = (provides: unknown): Item => step("a", "", "", { provides });
  const refusals = [
    ["x", ["x"], '"x" was the whole of what "a" returns, now element 0'],
    [["x", "y"], ["y"], '"y" was element 1 of what "a" returns, now element 0'],
    [{ keys: ["x"] }, ["x"], '"x" was property "x" of what "a" returns, now element 0'],
    [["x"], { keys: ["x"] }, '"x" was element 0 of what "a" returns, now property "x"'],
    [{ keys: ["x"] }, "x", '"x" was property "x" of what "a" returns, now the whole'],
  ] as const;
  for (const [old, next, words] of refusals) {
    t.strictSame(diff(provided(old), provided(next)).refused, [words]);
  }
});

t.test("symbols may be added, dropped and renamed otherwise", async (t) => {
  const provided = (provides: unknown): Item => step("a", "", "", { provides });
  for (const [old, next] of [
    [undefined, "x"],
    ["x", undefined],
    ["x", "y"],
    [["x"], ["x", "y"]],
    [["x", "y"], ["x"]],
    [{ keys: ["x", "y"] }, { keys: ["y"] }],
  ]) {
    t.strictSame(diff(provided(old), provided(next)), nothing);
  }
});

t.test("controllers are looked at as tasks are", async (t) => {
  const own = (version: number): Item => {
    const controller = retry({ name: "r", version, execute: () => 1, onFailure: () => "REVERT" });
    return linear("f", { retry: controller });
  };
  t.strictSame(diff(own(1), own(2)).refused, ['"r" was version 1, now it is 2']);
});

t.test("all differences are told", async (t) => {
  const old = linear("f", step("a"), step("b", "", "x"));
  const next = linear("f", step("a", "", "", { version: 5 }), step("b", "", "x y"));
  t.equal(diff(old, next).refused.length, 2);
});
