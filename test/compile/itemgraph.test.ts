// Which item must come before which: the marks of one walk against all paths.
import assert from "node:assert/strict";
import fc from "fast-check";
import t from "tap";
import { ItemGraph } from "../../lib/compile/itemgraph.ts";
import { Links } from "../../lib/compile/links.ts";

type Pair = readonly [number, number];

/** Links that lead from lower to higher numbers. */
function linked(size: number, pairs: readonly Pair[]): Links {
  const links = new Links(size);
  for (const [one, other] of pairs) {
    if (one !== other) links.link(Math.min(one, other), Math.max(one, other));
  }
  return links;
}

/** For each item all that can be reached from it, one link after the other. */
function reached(links: Links, from: number): Set<number> {
  const found = new Set<number>();
  const open = [from];
  for (let item = open.pop(); item !== undefined; item = open.pop()) {
    for (const next of links.after(item)) {
      if (!found.has(next)) open.push(next);
      found.add(next);
    }
  }
  return found;
}

const anyPairs = (most: number) =>
  fc
    .integer({ min: 1, max: most })
    .chain((size) =>
      fc.tuple(
        fc.constant(size),
        fc.array(fc.tuple(fc.nat(size - 1), fc.nat(size - 1)), { maxLength: 2 * size }),
      ),
    );

t.test("it answers as walking every path does", async (t) => {
  fc.assert(
    fc.property(anyPairs(14), ([size, pairs]) => {
      const links = linked(size, pairs);
      const graph = new ItemGraph(links);
      for (let from = 0; from < size; from++) {
        const found = reached(links, from);
        for (let to = from + 1; to < size; to++) {
          assert.equal(graph.reaches(from, to), found.has(to), `${String(from)} to ${String(to)}`);
        }
      }
    }),
    { numRuns: 500 },
  );
  t.pass();
});

t.test("order is topological and complete, unless there is a cycle", async (t) => {
  fc.assert(
    fc.property(anyPairs(10), ([size, pairs]) => {
      const links = new Links(size);
      for (const [from, to] of pairs) links.link(from, to);
      const order = links.order();
      const onCycle = [...Array(size).keys()].some((item) => reached(links, item).has(item));
      assert.equal(order.length === size, !onCycle);
      assert.equal(links.cycles().length > 0, onCycle);
      for (const [from, to] of pairs) {
        if (order.includes(to)) assert.ok(order.indexOf(from) < order.indexOf(to));
      }
    }),
    { numRuns: 500 },
  );
  t.pass();
});

t.test("a cycle that is told is one", async (t) => {
  fc.assert(
    fc.property(anyPairs(10), ([size, pairs]) => {
      const links = new Links(size);
      for (const [from, to] of pairs) links.link(from, to);
      for (const cycle of links.cycles()) {
        assert.equal(cycle[0], cycle.at(-1));
        for (const [at, to] of cycle.slice(1).entries()) assert.ok(links.has(cycle[at] ?? -1, to));
        assert.equal(new Set(cycle).size, cycle.length - 1, "each item once");
      }
    }),
    { numRuns: 500 },
  );
  t.pass();
});
