import { appendFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import type { CallContext, Task } from "../../lib/types.ts";
import { World } from "./behave.ts";
import { Casework } from "./casework.ts";
import { type Entry, fileLedger } from "./ledger.ts";
import type { RootSpec, Scenario, TaskSpec } from "./scenario.ts";

const once = () => 0;

/** Tasks of cases with these scenarios, and the worlds of those who look at them from elsewhere. */
function workOn(t: Test, ...scenarios: readonly Pick<Scenario, "flow" | "steps">[]) {
  const folder = t.testdir();
  const paths = scenarios.map((scenario, index) => {
    const path = join(folder, `${index}.json`);
    writeFileSync(path, JSON.stringify({ format: 1, scenario, expected: { steps: [] } }));
    return path;
  });
  const casework = new Casework(folder);
  casework.list([...paths, join(folder, "missing.json")]);
  const worlds = scenarios.map((_, index) => new World(once, casework.ledger(index + 1)));
  return { tasks: new Casework(folder).tasks(once), worlds };
}

const returning = (task: string, value: number): TaskSpec => ({
  task,
  do: { result: { const: value } },
});
const linearOf = (...items: readonly TaskSpec[]): RootSpec => ({
  flow: "linear",
  name: "f",
  items,
});

const call = (task: Task): unknown =>
  task.execute({}, { key: `f/${task.name}/execute/1` } as CallContext);

t.test("a task's version is the number of its case, so that names may come again", async (t) => {
  const { tasks, worlds } = workOn(
    t,
    { flow: returning("A", 1), steps: [] },
    { flow: linearOf(returning("A", 2), returning("B", 3)), steps: [] },
  );
  t.strictSame(
    tasks.map(({ name, version }) => [name, version]),
    [
      ["A", 1],
      ["A", 2],
      ["B", 2],
    ],
    "a case that can't be read has none",
  );
  t.strictSame(tasks.map(call), [1, 2, 3]);
  t.strictSame(
    worlds.map((world) => world.calls("execute", "A")),
    [1, 1],
  );
});

t.test(
  "a name that comes twice in a flow, which can't be compiled then, is one task",
  async (t) => {
    const flow = linearOf(returning("A", 1), returning("A", 2));
    t.equal(workOn(t, { flow, steps: [] }).tasks.length, 1);
  },
);

t.test("of several flows, tasks do as the one says that is in force", async (t) => {
  const { tasks, worlds } = workOn(t, {
    flow: linearOf(returning("A", 1), returning("B", 1)),
    steps: [{ op: "newEngine", flow: linearOf(returning("B", 2), returning("C", 2)) }],
  });
  t.strictSame(tasks.map(call), [1, 1, 2]);
  worlds[0]!.flow = 1;
  t.strictSame(tasks.map(call), [1, 2, 2]);
});

t.test("what is written is read by whoever has the file, and nothing of half a line", async (t) => {
  const path = join(t.testdir(), "ledger");
  const [one, other] = [fileLedger(path), fileLedger(path)];
  const entries: Entry[] = [
    ["execute", "A\n", "k"],
    ["thrown", "Boom", ""],
  ];
  t.strictSame(other.read(), []);
  for (const entry of entries) {
    one.write(entry);
    t.strictSame(other.read(), one.read());
  }
  appendFileSync(path, '["execute"');
  t.strictSame(other.read(), entries);
});
