import t from "tap";
import { compile } from "../../lib/compile/compile.ts";
import { FlowError } from "../../lib/errors.ts";
import type { Flow } from "../../lib/types.ts";
import { graph, isFrozen, linear, link, task, taskWith, times, unordered } from "./loose.ts";

const a = taskWith({});
const b = taskWith({ name: "b" });

t.test("a flow without options has only its items", async (t) => {
  for (const [pattern, make] of [
    ["linear", linear],
    ["unordered", unordered],
    ["graph", graph],
  ] as const) {
    t.strictSame(make("f", a, b), {
      kind: "flow",
      pattern,
      name: "f",
      retry: undefined,
      items: [a, b],
      secrets: [],
      links: [],
      autoLink: true,
      target: undefined,
      problems: [],
    });
  }
});

t.test("options are told from items by lacking a kind, and may be left out", async (t) => {
  const inner = linear("inner", a);
  for (const made of [linear("f", inner), linear("f", {}, inner), linear("f", undefined, inner)]) {
    t.strictSame(made.items, [inner]);
    t.strictSame(made.problems, []);
  }
  t.strictSame(linear("f").items, []);
  t.strictSame(linear("f", {}).items, []);
});

t.test("the very same item a second time counts once", async (t) => {
  t.strictSame(linear("f", a, b, a).items, [a, b]);
  t.strictSame(linear("f", a, taskWith({})).items.length, 2, "an equal one is another one");
});

t.test("a graph keeps its links, its target and whether it links by itself", async (t) => {
  const decided = link(a, "b", { decide: () => true, depth: "flow" });
  const made = graph("f", { links: [decided], autoLink: false, target: b }, a, b);
  t.match(made, { links: [decided], autoLink: false, target: b, problems: [] });
  t.match(decided, { kind: "link", from: a, to: "b", depth: "FLOW", problems: [] });
  t.strictSame(link(a, b), { kind: "link", from: a, to: b, problems: [] });
});

t.test("a controller without a name is called after its flow", async (t) => {
  const controller = times(3, { provides: "attempt" });
  t.match(linear("f", { retry: controller }, a).retry, { name: "f_retry", provides: "attempt" });
  t.match(linear("g", { retry: controller }, b).retry, { name: "g_retry" }, "in each flow anew");
  const named = times(3, { name: "thrice" });
  t.equal(linear("f", { retry: named }, a).retry, named);
});

t.test("nothing of a flow can be changed, and what it was made of can", async (t) => {
  const links = [link(a, b, { decide: () => true })];
  const made = graph("f", { retry: times(2), links, target: "b" }, a, linear("inner", b));
  t.ok(isFrozen(made));
  links.pop();
  t.equal(made.links.length, 1);
});

t.test("every mistake of a flow is told", async (t) => {
  const cases: [Flow, readonly string[]][] = [
    [linear(""), ['name must be a non-empty text, got ""']],
    [linear(), ["name must be a non-empty text, got undefined"]],
    [linear(a, b), ["name must be a non-empty text, got an object"]],
    [linear("f", [a, b]), ["item 1 is no task or flow: a list; give its items one by one"]],
    [
      linear("f", a, times(3)),
      ["item 2 is no task or flow: a retry controller; give it as the option retry"],
    ],
    [graph("f", link(a, b)), ["item 1 is no task or flow: a link; give it in the option links"]],
    [
      linear("f", a, { retry: times(3) }),
      ["item 2 is no task or flow: an object; options go before the items"],
    ],
    [
      linear("f", a, undefined, () => 1),
      ["item 2 is no task or flow: undefined", "item 3 is no task or flow: a function"],
    ],
    [linear("f", { retyr: 3 }), ['linear() has no option "retyr"; did you mean "retry"?']],
    [unordered("f", { links: [] }), ['unordered() has no option "links"; it has retry, secrets']],
    [linear("f", { retry: 3 }), ["retry must be a retry controller, got 3"]],
    [linear("f", { retry: a }), ["retry must be a retry controller, got an object"]],
    [graph("f", { links: link(a, b) }), ["links must be a list, got an object"]],
    [
      graph("f", { links: [{ from: "a", to: "b" }] }),
      ["links[0] must be made by link(), got an object"],
    ],
    [graph("f", { autoLink: "no" }), ['autoLink must be true or false, got "no"']],
    [graph("f", { target: 1 }), ["target must be an item or the name of one, got 1"]],
    [graph("f", { target: "" }), ['target must be an item or the name of one, got ""']],
  ];
  for (const [made, expected] of cases) t.strictSame(made.problems, expected);
});

t.test("every mistake of a link is told", async (t) => {
  const decide = () => true;
  const cases: [readonly unknown[], readonly string[]][] = [
    [
      [a, b, { depth: "ALL" }],
      ["depth says how far a no of decide reaches, but there is no decide"],
    ],
    [
      [a, b, { decide, depth: "NEIGHBOURS" }],
      [
        'depth must be one of ALL, FLOW, NEIGHBORS, ATOM, got "NEIGHBOURS"; ' +
          'did you mean "NEIGHBORS"?',
      ],
    ],
    [[a, b, { decide, depth: 1 }], ["depth must be one of ALL, FLOW, NEIGHBORS, ATOM, got 1"]],
    [[a, b, { decide: true }], ["decide must be a function, got true"]],
    [[a, b, { decider: decide }], ['link() has no option "decider"; did you mean "decide"?']],
    [[a, b, decide], ["the options of link() must be an object, got a function"]],
    [
      [undefined, { name: "b" }],
      [
        "from must be a task, a flow or the name of one, got undefined",
        "to must be a task, a flow or the name of one, got an object",
      ],
    ],
  ];
  for (const [given, expected] of cases) t.strictSame(link(...given).problems, expected);
});

t.test("compile reports all that was declared wrong, in one error", async (t) => {
  const flow = graph(
    "f",
    { retry: times(0), links: [link("a", "b", { depth: "deep" })], atuoLink: true },
    task({ name: "a", execute: 1 }),
    task({ name: "b", execute: () => 1, priority: "high" }),
  );
  const thrown: unknown = t.throws(() => compile(flow));
  t.ok(FlowError.is(thrown, "COMPILE_FAILED"));
  t.equal(
    (thrown as Error).message,
    `flow "f" can't be compiled: ` +
      [
        'flow "f": graph() has no option "atuoLink"; did you mean "autoLink"?',
        'atom "f_retry": attempts must be a whole number from 1 up, got 0',
        'atom "a": execute must be a function, got 1',
        'atom "b": priority must be a whole number, got "high"',
        'in "f": depth must be one of ALL, FLOW, NEIGHBORS, ATOM, got "deep"',
        'in "f": depth says how far a no of decide reaches, but there is no decide',
      ].join("; "),
  );
});
