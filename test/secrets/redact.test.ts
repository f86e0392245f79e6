// Journals and values as they may be shown: what is secret is hidden, and they fold to the same states.
import assert from "node:assert/strict";
import fc from "fast-check";
import t from "tap";
import { machines } from "../../actors/machines.ts";
import type { Blueprint } from "../../lib/compile/blueprint.ts";
import { compile } from "../../lib/compile/compile.ts";
import { hashOf } from "../../lib/compile/hash.ts";
import { failureOf } from "../../lib/failure.ts";
import { linear, memoryJournal, run, task, times } from "../../lib/index.ts";
import { foldAll } from "../../lib/plan/fold.ts";
import type { Batch, FlowRecord } from "../../lib/plan/records.ts";
import type { FlowState } from "../../lib/plan/state.ts";
import { hidden, Redactor } from "../../lib/redactor.ts";
import { redact } from "../../lib/secrets.ts";
import { untyped } from "../simulation/flows.ts";
import { build, flows } from "../simulation/random.ts";
import { effort } from "../simulation/scenario.ts";
import { World } from "../simulation/world.ts";

/** All of a state but the values of users. */
function states(state: FlowState | undefined): unknown {
  if (state === undefined) return undefined;
  return {
    flow: state.flow.value,
    atoms: state.snapshots.map(({ value, context }) => [
      value,
      [context.attempt, context.reverts, context.progress, context.history?.length],
      [context.failure === undefined, context.revertFailure === undefined],
    ]),
    intentions: state.intentions,
    running: [...state.running.keys()],
    decided: [...state.decided],
    ignored: [...state.ignoredBy],
    waits: [...state.waits],
    questions: state.questions.map(({ retry, atom, failed }) => [retry, atom, failed]),
    trouble: state.trouble?.kind,
    counts: [state.sequence, state.epoch, state.notDone, state.halted, state.revertingAll],
  };
}

const isMade = (record: FlowRecord): record is Extract<FlowRecord, { kind: "executed" }> =>
  record.kind === "executed";

const declaring = (batches: readonly Batch[], secrets: readonly string[]): readonly Batch[] =>
  batches.map((batch) => ({
    ...batch,
    records: batch.records.map((record) =>
      record.kind === "created"
        ? { ...record, blueprint: { ...record.blueprint, secrets } satisfies Blueprint }
        : record,
    ),
  }));

t.test("what is redacted folds to the same states, at every batch", async (t) => {
  const symbols = fc.uniqueArray(fc.nat(9), { minLength: 1, maxLength: 5 });
  let folds = 0;
  await fc.assert(
    fc.asyncProperty(flows(10), fc.nat(), symbols, async (spec, seed, numbers) => {
      const { flow, behaviour } = build(spec, seed);
      const world = new World(flow, { seed, behaviour, async: true, concurrency: 3 });
      await world.run();
      const secrets = numbers.map((number) => `t${String(number)}`);
      const batches = declaring(await world.hosts[0]!.journal.read("flow"), secrets);
      const shown = redact(batches);
      assert.notEqual(shown, batches);
      for (let length = 1; length <= batches.length; length++) {
        folds++;
        const state = foldAll(machines, shown.slice(0, length));
        assert.deepEqual(states(state), states(foldAll(machines, batches.slice(0, length))));
      }
      const made = shown.flatMap(({ records }) => records.filter(isMade));
      const text = JSON.stringify(made.map(({ value }) => value));
      // Each result begins with its symbol and what it was made of.
      for (const symbol of secrets) assert(!text.includes(`"${symbol}(`), `${symbol} is shown`);
    }),
    { numRuns: Math.ceil(150 * effort) },
  );
  t.ok(folds > 300, `${String(folds)} folds`);
});

t.test("nothing is done where nothing is declared", async (t) => {
  const journal = memoryJournal();
  await run(linear("plain", task({ name: "a", provides: "x", execute: () => 1 })), {
    id: "plain",
    journal,
  });
  const batches = await journal.read("plain");
  t.equal(redact(batches), batches, "the very same list");
  const [created] = batches[0]?.records ?? [];
  t.notOk(created?.kind === "created" && "secrets" in created.blueprint);
});

t.test("a symbol is secret in the whole flow, wherever it is declared", async (t) => {
  const login = task({
    name: "login",
    requires: ["password"],
    provides: "token",
    secrets: ["token"],
    execute: ({ password }: { password: string }) => password,
  });
  const plain = task({
    name: "login",
    requires: ["password"],
    provides: "token",
    execute: () => "",
  });
  const declared = linear("outer", linear("inner", { secrets: ["password"] }, login));
  const { blueprint } = compile(declared);
  t.strictSame(blueprint.secrets, ["password", "token"], "by a task and by a flow, sorted");
  const bare = compile(linear("outer", linear("inner", plain))).blueprint;
  t.notOk("secrets" in bare);
  t.not(hashOf(blueprint), hashOf(bare), "a change of what is secret is one of the flow");
  const { secrets: _, ...rest } = blueprint;
  t.equal(hashOf(rest), hashOf(bare), "and the only one");
});

t.test("a misspelt secret is a mistake", async (t) => {
  const problem = (item: unknown): string => {
    try {
      compile(item as never);
      return "none";
    } catch (error) {
      return (error as Error).message;
    }
  };
  const options = { name: "a", requires: ["password"], execute: () => 1 };
  const wrong = untyped.task({ ...options, secrets: ["pasword"] });
  t.match(
    problem(wrong),
    'secrets names "pasword", which is no symbol of it; did you mean "password"?',
  );
  t.match(problem(untyped.task({ ...options, secrets: "password" })), "secrets must be a list");
  const flow = untyped.linear("f", { secrets: ["pasword"] }, untyped.task(options));
  t.match(problem(flow), 'flow "f": secrets names "pasword"');
  t.equal(problem(untyped.linear("f", { secrets: ["password"] }, untyped.task(options))), "none");
  const bound = untyped.task({ ...options, rebind: ["root"], secrets: ["password"] });
  t.match(problem(bound), "no symbol of it", "a parameter that takes another symbol is none");
});

t.test("the parts of a result that are secret are hidden, the others not", async (t) => {
  const redactor = new Redactor(["token"]);
  const provides = { keys: ["user", "token"] };
  redactor.learnResult(provides, { user: "root", token: "canary-1" });
  t.strictSame(redactor.result(provides, { user: "root", token: "canary-1" }), {
    user: "root",
    token: hidden,
  });
  t.strictSame(redactor.result(["user", "token"], ["root", 7]), ["root", hidden]);
  t.strictSame(redactor.result(["token"], [1, "x canary-1 y"]), [hidden, `x ${hidden} y`]);
  t.equal(redactor.result("token", [1]), hidden);
  t.equal(redactor.result("token", undefined), undefined, "that there is none is no secret");
  t.equal(redactor.result(provides, "another thing"), hidden, "it is not what was declared");
  t.strictSame(redactor.result("user", { of: "canary-1" }), { of: hidden });
});

t.test("texts that repeat a secret don't, whatever form it has", async (t) => {
  const redactor = new Redactor(["s"]);
  const lines = "-----BEGIN KEY-----\nMIIEowIBAAKCAQEA\nx7\n-----END KEY-----\n";
  redactor.learnEach({
    s: {
      text: 'a "quoted" canary',
      deep: [{ pin: 4711 }, new Map([["k", "in-a-map"]])],
      large: 12_345_678_901_234_567_890n,
      lines,
      bytes: Uint8Array.from(Buffer.from("raw-bytes")),
      short: "abc",
      flag: true,
    },
  });
  for (const [text, shown] of [
    ['it said a "quoted" canary!', `it said ${hidden}!`],
    [JSON.stringify({ said: 'a "quoted" canary' }), `{"said":"${hidden}"}`],
    [`http://x?q=${encodeURIComponent('a "quoted" canary')}`, `http://x?q=${hidden}`],
    ["pin 4711, in-a-map", `pin ${hidden}, ${hidden}`],
    ["12345678901234567890", hidden],
    ["at MIIEowIBAAKCAQEA", `at ${hidden}`],
    [Buffer.from("raw-bytes").toString("base64"), hidden],
    [`cut off: a "quoted" c…`, `cut off: ${hidden}…`],
    ["abc is too short to be looked for, and so is x7, true", undefined],
  ] as const) {
    t.equal(redactor.text(text), shown ?? text);
  }
  t.strictSame(redactor.payload({ n: 4711, m: 4712, "in-a-map": new Set(["in-a-map"]) }), {
    n: hidden,
    m: 4712,
    [hidden]: new Set([hidden]),
  });
  t.equal(redactor.payload(Buffer.from("some raw-bytes")), hidden);
});

t.test("a failure says nothing secret in any of its parts", async (t) => {
  const redactor = new Redactor(["s"]);
  redactor.learn("canary-9");
  const cause = Object.assign(new Error("because of canary-9"), { code: "E_canary-9" });
  const failure = redactor.failure(failureOf(new TypeError("no: canary-9", { cause })));
  t.notMatch(JSON.stringify(failure), /canary/);
  t.match(failure, { name: "TypeError", message: `no: ${hidden}`, cause: { code: `E_${hidden}` } });
  const raised = new Error("fine");
  t.equal(redactor.thrown(raised), raised);
  const extra = Object.assign(new Error("fine"), { request: { auth: "canary-9" } });
  t.notMatch(JSON.stringify({ ...(redactor.thrown(extra) as object) }), /canary/);
});

t.test("more secrets than are looked for hide every text", async (t) => {
  const redactor = new Redactor(["s"]);
  redactor.learnEach({ s: Array.from({ length: 2_100 }, (_, at) => `canary-${String(at)}`) });
  t.equal(redactor.text("canary-2099 and anything else"), hidden);
  t.equal(redactor.payload(123), hidden);
  t.equal(redactor.text(""), "");
});

t.test(
  "a journal whose flow declares it only later hides it from the first record on",
  async (t) => {
    const journal = memoryJournal();
    const flowOf = (secrets: readonly string[]) => {
      const a = untyped.task({ name: "a", provides: "x", secrets, execute: () => "canary-late" });
      const fails = untyped.task({ name: "b", requires: ["x"], execute: failing });
      return untyped.linear("late", { retry: times(1) }, a, fails);
    };
    const failing = ({ x }: { x: string }): never => {
      throw new Error(`refused: ${x}`);
    };
    await run(flowOf([]), { id: "late", journal, neverResolve: true }).catch(() => undefined);
    t.match(JSON.stringify(redact(await journal.read("late"))), "canary-late");
    await run(flowOf(["x"]), { id: "late", journal }).catch(() => undefined);
    const batches = await journal.read("late");
    t.match(JSON.stringify(batches), "canary-late", "the journal itself keeps it");
    t.notMatch(JSON.stringify(redact(batches)), "canary-late");
  },
);

t.test("a result that is given by hand is hidden as one that was made", async (t) => {
  const journal = memoryJournal();
  const login = task({ name: "login", provides: "token", secrets: ["token"], execute: () => 1 });
  await run(linear("by-hand", login), { id: "h", journal });
  const [first, ...rest] = await journal.read("h");
  const edited: FlowRecord = {
    ...{ kind: "edited", edit: "complete", id: "1", atoms: [0], value: "canary-by-hand" },
    reason: "it was canary-by-hand",
  };
  const shown = redact([first!, { ...first!, records: [edited] }, ...rest]);
  t.notMatch(JSON.stringify(shown), /canary/);
  t.match(shown[1]?.records, [{ value: hidden, reason: `it was ${hidden}` }]);
});
