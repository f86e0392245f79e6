// What the compiler says of declarations. It runs once for all tests here.
import t from "tap";
import { complaints, largeFlow, program, textOf } from "../../bench/typed-flow.ts";

// The compiler alone takes seconds, and more on a busy machine.
t.setTimeout(300_000);

const topics = ["tasks", "controllers", "flows", "runs", "secrets"];
const accepted = topics.map((topic) => `accepted/${topic}.ts`);
const refused = topics.map((topic) => `refused/${topic}.ts`);

const expectation = "@ts-expect-error";
const texts = new Map([
  // Without the mark that silences them, the messages can be read.
  ...refused.map((name) => [name, textOf(name).replaceAll(expectation, "Expected:")] as const),
  ["linear-300.ts", largeFlow("linear", 300)],
  ["graph-300.ts", largeFlow("graph", 300)],
  ["lacking.ts", largeFlow("linear", 100, "in50")],
] as const);
const compiled = program([...accepted, ...texts.keys()], texts);

interface Expectation {
  readonly line: number;
  /** What must be in the message. */
  readonly words: readonly string[];
}

function expectations(name: string): Expectation[] {
  const lines = textOf(name).split("\n");
  return lines.flatMap((line, index) =>
    line.includes(expectation)
      ? // The mark is for the line below it, which is the second one after a 0-based index.
        [{ line: index + 2, words: [...line.matchAll(/`([^`]+)`/g)].map(([, word]) => word ?? "") }]
      : [],
  );
}

/** The compiler prints string types with their quotes escaped. */
const plain = (text: string): string => text.replaceAll('\\"', '"');

t.test("what is right compiles", async (t) => {
  let declarations = 0;
  for (const name of accepted) {
    t.strictSame(complaints(compiled, name), [], name);
    declarations +=
      textOf(name).match(/^(same<|task\(|await |load\(|times\(|link\()/gm)?.length ?? 0;
  }
  t.ok(declarations >= 60, `${declarations} declarations and calls`);
});

t.test("what is wrong doesn't, and the message says what and where", async (t) => {
  let expected = 0;
  for (const name of refused) {
    const found = complaints(compiled, name);
    for (const { line, words } of expectations(name)) {
      expected++;
      const messages = found.filter((complaint) => complaint.line === line);
      const text = plain(messages.map((message) => message.text).join("\n"));
      t.equal(messages.length, 1, `${name}:${line} has one message`);
      t.ok(words.length > 0, `${name}:${line} says what to look for`);
      for (const word of words) {
        t.ok(text.includes(plain(word)), `${name}:${line} names ${word}: ${text}`);
      }
    }
    const lines = new Set(expectations(name).map(({ line }) => line));
    t.strictSame(
      found.filter(({ line }) => !lines.has(line)),
      [],
      `${name}: nothing else`,
    );
  }
  t.ok(expected >= 60, `${expected} mistakes`);
});

t.test("large flows compile", async (t) => {
  for (const name of ["linear-300.ts", "graph-300.ts"]) {
    t.strictSame(complaints(compiled, name), [], name);
  }
});

t.test("in a large flow one missing symbol is found", async (t) => {
  const [first, ...others] = complaints(compiled, "lacking.ts");
  t.match(first?.text, /Property 'in50' is missing/);
  t.strictSame(others, []);
});
