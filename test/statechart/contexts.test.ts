import { execFile } from "node:child_process";
import { promisify } from "node:util";
import t from "tap";
import { Contexts } from "../../lib/statechart/contexts.ts";

function contextsOf(context: Record<string, unknown>, ...assigned: string[]): Contexts {
  const contexts = new Contexts();
  contexts.declare(assigned);
  contexts.admit(context);
  return contexts;
}

t.test("a copy has the same fields in the same order, and is no more the original", async (t) => {
  const context = { b: 1, a: undefined, 'quo"ted': null, "with-dash": [1] };
  const copy = contextsOf(context, "a").copy(context);
  t.strictSame(copy, context);
  t.strictSame(Object.keys(copy), Object.keys(context));
  t.not(copy, context);
});

t.test("a key that an action will add is kept by later copies", async (t) => {
  const contexts = contextsOf({ a: 1 }, "later");
  t.strictSame(contexts.copy({ a: 1, later: 2 }), { a: 1, later: 2 });
});

t.test("a key that came by a merge is kept by later copies", async (t) => {
  const contexts = contextsOf({ a: 1 });
  const merged = contexts.merge({ a: 1 }, { more: true });
  t.strictSame(contexts.copy(merged), { a: 1, more: true });
});

t.test("a context with other keys is kept whole", async (t) => {
  for (const other of [{ a: 1, b: 2 }, { b: 2 }, {}, { b: 1, a: 2 }]) {
    const contexts = contextsOf({ a: 1 });
    contexts.admit(other);
    t.strictSame(Object.entries(contexts.copy(other)), Object.entries(other));
  }
});

t.test("symbols and a key called __proto__ are kept", async (t) => {
  const symbol = Symbol("kept");
  for (const context of [{ [symbol]: 1 }, JSON.parse('{"__proto__": {"x": 1}}')] as object[]) {
    const copy = contextsOf({ ...context }).copy({ ...context });
    t.strictSame(Reflect.ownKeys(copy), Reflect.ownKeys(context));
  }
});

t.test("where code from strings is forbidden, contexts are copied all the same", async (t) => {
  const { href } = new URL("../../lib/statechart/contexts.js", import.meta.url);
  const program = `
    const { Contexts } = await import(${JSON.stringify(href)});
    const contexts = new Contexts();
    contexts.admit({ a: 1 });
    console.log(JSON.stringify(contexts.copy({ a: 2 })));
  `;
  const flags = ["--disallow-code-generation-from-strings", "--input-type=module"];
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, "-e", program]);
  t.equal(stdout.trim(), '{"a":2}');
});
