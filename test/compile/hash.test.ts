// Fingerprints: the same for the same blueprint, whatever a journal did to it in between.
import { Packr } from "msgpackr";
import t from "tap";
import type { Blueprint } from "../../lib/compile/blueprint.ts";
import { compile } from "../../lib/compile/compile.ts";
import { hashOf } from "../../lib/compile/hash.ts";
import type { Item } from "../../lib/types.ts";
import { graph, linear, link, step, times, unordered } from "./declare.ts";

const hash = (item: Item): string => hashOf(compile(item).blueprint);

const rich = (): Item =>
  linear(
    "f",
    { retry: times(2, { provides: "n" }) },
    graph(
      "g",
      { links: [link("a", "b", { decide: () => true, depth: "FLOW" })] },
      step("a", "n", "x y", { timeoutMs: 5, priority: 1 }),
      step("b", "x", "", { optional: ["y"], inject: { k: { deep: [1, null, "text"] } } }),
      step("c", "", "", { provides: { keys: ["z"] } }),
    ),
  );

t.test("it is a sha256 in hex", async (t) => {
  t.match(hash(step("a")), /^[0-9a-f]{64}$/);
});

t.test("declaring the same again gives the same", async (t) => {
  t.equal(hash(rich()), hash(rich()));
});

t.test("a journal gives back what has the same", async (t) => {
  const { blueprint } = compile(rich());
  const packr = new Packr({ useRecords: true });
  t.equal(hashOf(packr.unpack(packr.pack(blueprint)) as Blueprint), hashOf(blueprint));
  t.equal(hashOf(JSON.parse(JSON.stringify(blueprint)) as Blueprint), hashOf(blueprint));
  t.equal(hashOf(reversed(blueprint) as Blueprint), hashOf(blueprint), "keys in another order");
});

t.test("every difference makes another", async (t) => {
  const base = (more: object = {}): Item =>
    linear("f", step("a", "", "x"), step("b", "x", "", more));
  const others: Record<string, Item> = {
    "the flow's name": linear("g", step("a", "", "x"), step("b", "x")),
    "an atom's name": linear("f", step("a", "", "x"), step("c", "x")),
    pattern: graph("f", step("a", "", "x"), step("b", "x")),
    order: unordered("f", step("a", "", "x"), step("b", "x")),
    "an atom more": linear("f", step("a", "", "x"), step("b", "x"), step("c")),
    "a flow more": linear("f", step("a", "", "x"), linear("g", step("b", "x"))),
    "a controller": linear("f", { retry: times(2) }, step("a", "", "x"), step("b", "x")),
    "what is provided": linear("f", step("a", "", "x y"), step("b", "x")),
    version: base({ version: 2 }),
    priority: base({ priority: 1 }),
    timeout: base({ timeoutMs: 1 }),
    revert: base({ revert: () => null }),
    "the inputs of revert": base({ revert: () => null, revertRequires: [] }),
    optional: base({ optional: ["y"] }),
    "what is bound": base({ rebind: { x: "y" } }),
    "a constant": base({ inject: { y: 1 } }),
    "another constant": base({ inject: { y: "1" } }),
    "keys instead of a list": base({ provides: { keys: ["y"] } }),
    "a list instead of keys": base({ provides: ["y"] }),
    "the whole": base({ provides: "y" }),
  };
  const hashes = new Map([[hash(base()), "nothing"]]);
  for (const [what, item] of Object.entries(others)) {
    const known = hashes.get(hash(item));
    t.equal(known, undefined, what);
    hashes.set(hash(item), what);
  }
});

t.test("constants count, whatever values they are", async (t) => {
  const values = [
    undefined,
    null,
    true,
    0,
    NaN,
    Infinity,
    "0",
    0n,
    [],
    [0],
    ["0"],
    [[0]],
    {},
    { a: 1 },
    { a: 1, b: undefined, c: 2 },
    new Date(0),
    new Date(1),
    new Map([[1, 2]]),
    new Map([[2, 1]]),
    new Set([1, 2]),
    new Uint8Array([1, 2]),
    new Int8Array([1, 2]),
    new Uint8Array([1, 2]).buffer,
    new Float64Array([1]),
  ];
  const hashes = values.map((value) => hash(step("a", "", "", { inject: { x: value } })));
  t.equal(new Set(hashes).size, values.length);
  t.equal(
    hash(step("a", "", "", { inject: { x: { one: 1, other: 2 }, y: 3 } })),
    hash(step("a", "", "", { inject: { y: 3, x: { other: 2, one: 1 } } })),
    "not so the order of their keys",
  );
});

/** The same data with all keys in reverse order. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([key, part]) => [key, reversed(part)] as const);
  return Object.fromEntries(entries.reverse());
}
