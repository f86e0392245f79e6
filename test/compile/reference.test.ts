// Random flows: what compile works out by numbers is what TaskFlow's own way gives.
import assert from "node:assert/strict";
import fc from "fast-check";
import t from "tap";
import type { Blueprint } from "../../lib/compile/blueprint.ts";
import { compile } from "../../lib/compile/compile.ts";
import { symbolsIn } from "../../lib/atom.ts";
import type { Depth, Item } from "../../lib/types.ts";
import { graph, linear, link, retry, step, unordered } from "./declare.ts";
import { deciders, edges, from, mistakes, nodeName } from "./read.ts";
import { type Node, Reference, Refused } from "./reference.ts";

interface TaskSpec {
  readonly kind: "task";
  readonly requires: readonly string[];
  readonly provides: readonly string[];
  readonly more: { readonly optional?: readonly string[]; readonly inject?: object };
}

interface LinkSpec {
  readonly from: number;
  readonly to: number;
  readonly depth: Depth | undefined;
}

interface FlowSpec {
  readonly kind: "linear" | "unordered" | "graph";
  readonly retry: { readonly requires: readonly string[]; readonly provides?: string } | undefined;
  readonly items: readonly (TaskSpec | FlowSpec)[];
  readonly links: readonly LinkSpec[];
  readonly autoLink: boolean;
  readonly target: number | undefined;
}

const symbol = fc.constantFrom("u", "v", "w", "x", "y", "z");
const some = (maxLength: number) => fc.uniqueArray(symbol, { maxLength });
const maybe = <Value>(value: fc.Arbitrary<Value>, freq = 3) =>
  fc.option(value, { nil: undefined, freq });

const taskSpec: fc.Arbitrary<TaskSpec> = fc.record({
  kind: fc.constant("task" as const),
  requires: some(2),
  provides: some(2),
  more: fc.record(
    { inject: fc.dictionary(symbol, fc.constant(1), { maxKeys: 1 }) },
    { requiredKeys: [] },
  ),
});

const linkSpec: fc.Arbitrary<LinkSpec> = fc.record({
  // Mostly forwards: of links at random nearly all make a cycle.
  from: fc.nat(9),
  to: fc.nat(9),
  depth: maybe(fc.constantFrom<Depth>("ALL", "FLOW", "NEIGHBORS", "ATOM"), 2),
});

const flowSpec = (depth: number): fc.Arbitrary<FlowSpec> =>
  fc.record({
    kind: fc.constantFrom("linear" as const, "unordered" as const, "graph" as const),
    retry: maybe(
      fc.record({ requires: some(1), provides: symbol }, { requiredKeys: ["requires"] }),
      2,
    ),
    items: fc.array(
      depth === 0
        ? taskSpec
        : fc.oneof(
            { weight: 3, arbitrary: taskSpec },
            { weight: 2, arbitrary: flowSpec(depth - 1) },
          ),
      { maxLength: 5 },
    ),
    links: fc.array(linkSpec, { maxLength: 5 }),
    autoLink: fc.boolean(),
    target: maybe(fc.nat(9), 4),
  });

/** Builds what a spec says, with names in the order of declaration. */
function build(spec: TaskSpec | FlowSpec, count: { last: number }): Item {
  const number = String(++count.last);
  if (spec.kind === "task") {
    return step(`t${number}`, spec.requires.join(" "), spec.provides.join(" "), spec.more);
  }
  const { kind, items, autoLink } = spec;
  const controller =
    spec.retry &&
    retry({ name: `r${number}`, ...spec.retry, execute: () => 1, onFailure: () => "REVERT" });
  const options = controller ? { retry: controller } : {};
  const made = items.map((item) => build(item, count));
  if (kind === "linear") return linear(`f${number}`, options, ...made);
  if (kind === "unordered") return unordered(`f${number}`, options, ...made);
  const nameOf = (place: number): string | undefined => made[place % made.length]?.name;
  const links =
    made.length < 2
      ? []
      : spec.links.flatMap(({ from, to, depth }) => {
          const [low, high] = [from % made.length, to % made.length].sort(
            (one, other) => one - other,
          );
          const decided = depth === undefined ? {} : { decide: () => true, depth };
          // One in ten as it comes, so that cycles occur.
          const ends = from % 10 === 9 ? [from, to] : [low, high];
          return low === high ? [] : [link(nameOf(ends[0] ?? 0), nameOf(ends[1] ?? 0), decided)];
        });
  const target = spec.target === undefined ? {} : { target: nameOf(spec.target) };
  return graph(`f${number}`, { ...options, ...target, links, autoLink }, ...made);
}

const anyFlow = flowSpec(3).map((spec) => build(spec, { last: 0 }));

/** Atoms that all take and give the same, many of them decided, before and behind others. */
const decidedFlow = fc
  .record({
    items: fc.array(fc.constantFrom("task", "flow", "controlled"), { minLength: 2, maxLength: 8 }),
    links: fc.array(linkSpec, { minLength: 2, maxLength: 14 }),
  })
  .map(({ items, links }): Item => {
    const item: TaskSpec = { kind: "task", requires: ["x"], provides: ["x"], more: {} };
    const inner = { kind: "linear" as const, links: [], autoLink: false, target: undefined };
    const specs = {
      task: item,
      flow: { ...inner, retry: undefined, items: [item, item] },
      controlled: { ...inner, retry: { requires: [], provides: "x" }, items: [item] },
    };
    const decided: FlowSpec = {
      kind: "graph",
      retry: undefined,
      items: items.map((kind) => specs[kind]),
      links,
      autoLink: false,
      target: undefined,
    };
    return build({ ...inner, retry: undefined, items: [item, decided, item] }, { last: 0 });
  });

/** The reference, or undefined where the flow is refused by both. */
function referenceOf(flow: Item): Reference | undefined {
  try {
    return new Reference(flow);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    // TaskFlow stops at the first mistake; here it is among all of them.
    assert.ok(mistakes(flow).some(({ code }) => code === error.code));
    return undefined;
  }
}

const check = (holds: (flow: Item, reference: Reference) => void): void => {
  fc.assert(
    fc.property(anyFlow, (flow) => {
      const reference = referenceOf(flow);
      if (reference) holds(flow, reference);
    }),
    { numRuns: 200 },
  );
};

const namesOf = (nodes: readonly Node[]): string => nodes.map(({ name }) => name).join(" ");

t.test("the execution graph has the same edges", async (t) => {
  check((flow, { edges: expected }) => {
    const named = expected.map((edge) => `${edge.from.name} ${edge.to.name}`).sort();
    assert.deepEqual(edges(flow), named);
  });
  t.pass();
});

t.test("controllers are the same", async (t) => {
  check((flow, reference) => {
    const { atoms } = compile(flow).blueprint;
    for (const node of reference.atoms()) {
      const plan = atoms.find(({ name }) => name === node.name);
      assert.equal(atoms[plan?.retry ?? -1]?.name, node.controller?.name, node.name);
    }
  });
  t.pass();
});

t.test("the same deciders are asked", async (t) => {
  check((flow, reference) => {
    for (const node of reference.atoms()) {
      const expected = reference.deciders(node).map((one) => `${one.from} ${one.depth}`);
      assert.deepEqual(deciders(flow, node.name).sort(), expected.sort(), node.name);
    }
  });
  t.pass();
});

t.test("scopes are ancestors by falling number", async (t) => {
  check((flow, reference) => {
    const { blueprint } = compile(flow);
    const number = new Map(blueprint.atoms.map(({ name }, at) => [name, at]));
    for (const node of reference.atoms()) {
      const ancestors = [...reference.ancestors(node)].filter(({ atom }) => atom !== undefined);
      ancestors.sort((one, other) => (number.get(other.name) ?? 0) - (number.get(one.name) ?? 0));
      assert.equal(namesOf(ancestors), namesOf(reference.visible(node)), node.name);
    }
  });
  t.pass();
});

t.test("without deciders an input comes from the first visible provider", async (t) => {
  check((flow, reference) => {
    if (compile(flow).code.deciders.length > 0) return;
    eachInput(reference, (node, wanted, providers) => {
      assert.equal(from(flow, node.name, wanted), providers[0]?.name ?? "", node.name);
    });
  });
  t.pass();
});

t.test("whatever deciders say, the first provider that is not ignored is found", async (t) => {
  const says = fc.infiniteStream(fc.constantFrom(true, true, false));
  fc.assert(
    fc.property(fc.oneof(anyFlow, decidedFlow), says, maybe(fc.nat(30), 2), (flow, says, again) => {
      const reference = referenceOf(flow);
      if (!reference) return;
      const ignored = ignoredBy(reference, compile(flow).blueprint, says);
      // A controller that runs, wherever it stands, may set back all that comes after it.
      const running = reference.atoms().filter((node) => !ignored.has(node));
      const controller = again === undefined ? undefined : running[again];
      if (controller)
        for (const node of reference.affected(controller, "ALL")) ignored.delete(node);
      const names = new Set([...ignored].map(({ name }) => name));
      eachInput(reference, (node, wanted, providers) => {
        if (ignored.has(node)) return;
        const expected = providers.find((one) => !ignored.has(one))?.name ?? "";
        const found = from(flow, node.name, wanted)
          .split(" ")
          .find((name) => !names.has(name));
        assert.equal(found ?? "", expected, node.name);
      });
    }),
    { numRuns: 600 },
  );
  t.pass();
});

/** Calls with each atom, each symbol it takes, and all visible providers of it, nearest first. */
function eachInput(
  reference: Reference,
  visit: (node: Node, wanted: string, providers: readonly Node[]) => void,
): void {
  for (const node of reference.atoms()) {
    const visible = reference.visible(node);
    for (const { symbol: wanted } of node.atom?.inputs.required ?? []) {
      const gives = ({ atom }: Node) => atom && symbolsIn(atom.provides).includes(wanted);
      visit(node, wanted, visible.filter(gives));
    }
  }
}

/** Asks the deciders before each atom in turn, like an engine, and collects what their no reaches. */
function ignoredBy(
  reference: Reference,
  blueprint: Blueprint,
  answers: Iterator<boolean>,
): Set<Node> {
  const ignored = new Set<Node>();
  for (let at = 0; at < blueprint.atoms.length; at++) {
    const node = reference.nodes.find(({ name }) => name === nodeName(blueprint, at));
    if (node === undefined || ignored.has(node)) continue;
    for (const { depth } of reference.deciders(node)) {
      if (answers.next().value !== false) continue;
      for (const one of reference.affected(node, depth)) ignored.add(one);
    }
  }
  return ignored;
}

t.test("a blueprint is plain data, and the same each time", async (t) => {
  fc.assert(
    fc.property(flowSpec(3), (spec) => {
      const [one, other] = [build(spec, { last: 0 }), build(spec, { last: 0 })];
      if (!referenceOf(one)) return;
      const { blueprint } = compile(one);
      assert.deepEqual(structuredClone(blueprint), blueprint);
      assert.deepEqual(JSON.parse(JSON.stringify(blueprint)), blueprint);
      assert.deepEqual(compile(other).blueprint, blueprint);
    }),
    { numRuns: 200 },
  );
  t.pass();
});
