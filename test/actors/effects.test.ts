// What a durable batch sets off: deciders, controllers, inputs, time-outs, and values on their way in and out.
import t, { type Test } from "tap";
import { load } from "../../actors/run.ts";
import { memoryJournal } from "../../lib/journal/memory.ts";
import { untyped } from "../simulation/flows.ts";
import {
  engineIn,
  failing,
  Pocket,
  quick,
  recordsOf,
  Stage,
  statesOf,
  turn,
  until,
  watch,
} from "./fixture.ts";

const { linear, unordered, graph, link, retry, times, forEach } = untyped;

/** Promises that were refused and that nobody has heard of. */
function unhandled(t: Test): unknown[] {
  const seen: unknown[] = [];
  const hear = (error: unknown) => seen.push(error);
  process.on("unhandledRejection", hear);
  t.teardown(() => process.off("unhandledRejection", hear));
  return seen;
}

t.test("deciders are asked with what their sources gave, and again after a retry", async (t) => {
  const asked: unknown[] = [];
  const decide = (history: unknown) => {
    asked.push(history);
    return asked.length > 1;
  };
  const a = quick("a", { execute: (_: unknown, { attempt }: { attempt: number }) => attempt });
  const c = failing("c", 2);
  const flow = graph(
    "f",
    { retry: times(2), links: [link("a", "b", { decide, depth: "ATOM" }), link("b", "c")] },
    a,
    quick("b"),
    c,
  );
  const engine = load(flow);
  t.equal(await engine.run(), "SUCCESS");
  t.same(asked, [{ a: 1 }, { a: 2 }]);
  t.same(statesOf(engine), { f_retry: "SUCCESS", a: "SUCCESS", b: "SUCCESS", c: "SUCCESS" });
});

t.test("a decider gets copies", async (t) => {
  const decide = ({ a }: { a: { list: number[] } }) => a.list.push(2) > 0;
  const a = quick("a", { execute: () => ({ list: [1] }) });
  const engine = load(graph("f", { links: [link("a", "b", { decide })] }, a, quick("b")));
  await engine.run();
  t.same(engine.storage.fetch("a"), { list: [1] });
});

t.test("a vote from an ignored source does not count", async (t) => {
  const asked: string[] = [];
  const vote = (name: string, runs: boolean) => ({
    decide: () => {
      asked.push(name);
      return runs;
    },
    depth: "ATOM",
  });
  const flow = graph(
    "f",
    {
      links: [
        link("a", "b", vote("b", false)),
        link("b", "d", vote("from b", false)),
        link("c", "d", vote("from c", true)),
      ],
    },
    quick("a"),
    quick("b"),
    quick("c"),
    quick("d"),
  );
  const engine = load(flow);
  await engine.run();
  t.same(asked, ["b", "from c"]);
  t.match(statesOf(engine), { b: "IGNORE", d: "SUCCESS" });
});

t.test("while a decider takes its time, nothing is acted upon", async (t) => {
  let answer: (runs: boolean) => void = () => undefined;
  const decide = () => new Promise<boolean>((resolve) => (answer = resolve));
  const stage = new Stage();
  const sides = unordered(
    "f",
    {},
    stage.task("x"),
    graph("g", { links: [link("a", "b", { decide })] }, quick("a"), quick("b")),
  );
  const engine = load(sides, { engine: "parallel" });
  const ran = engine.run();
  (await stage.call("x")).succeed();
  await turn();
  t.equal(engine.storage.atom("x").state, "RUNNING");
  answer(true);
  t.equal(await ran, "SUCCESS");
});

t.test("a decider that throws stops the flow with its error", async (t) => {
  const seen = unhandled(t);
  const refuse = () => Promise.reject(new Error("late"));
  const throws = () => {
    throw new Error("no idea");
  };
  for (const [decides, message] of [
    [[throws], "no idea"],
    [[refuse], "late"],
    [[refuse, throws], "no idea"],
    [[throws, refuse], "no idea"],
  ] as const) {
    const sources = decides.map((_, place) => quick(`a${place}`));
    const links = decides.map((decide, place) => link(`a${place}`, "b", { decide }));
    const engine = load(graph("f", { links }, ...sources, quick("b")));
    await t.rejects(engine.run(), {
      code: "DECIDER_FAILED",
      message: `a decider before "b" failed: ${message}`,
      cause: { message },
    });
    t.equal(engine.storage.state, "FAILURE");
    t.equal(engine.storage.atom("a0").state, "SUCCESS", "nothing is reverted");
    t.match(engine.storage.reason, message);
  }
  await turn();
  t.same(seen, []);
});

t.test("after a decider that threw, the next run asks again", async (t) => {
  let asked = 0;
  const decide = () => {
    if (++asked === 1) throw new Error("not yet");
    return true;
  };
  const engine = load(graph("f", { links: [link("a", "b", { decide })] }, quick("a"), quick("b")));
  await t.rejects(engine.run());
  t.equal(await engine.run(), "SUCCESS");
});

t.test("a controller that throws, or says what is no verdict, means REVERT", async (t) => {
  const says: [() => unknown, string][] = [
    [() => Promise.reject(new Error("late")), "Error: late"],
    [
      () => {
        throw new Error("no idea");
      },
      "Error: no idea",
    ],
    [() => "AGAIN", "TypeError: AGAIN is no verdict"],
    [() => undefined, "TypeError: undefined is no verdict"],
    [() => Promise.resolve(null), "TypeError: null is no verdict"],
    [() => ({ verdict: "RETRY", delayMs: NaN }), "TypeError: delayMs is NaN"],
  ];
  const seen = unhandled(t);
  for (const [onFailure, problem] of says) {
    const logged: string[] = [];
    const scope = linear(
      "s",
      { retry: retry({ name: "r", execute: () => 1, onFailure }) },
      quick("a"),
      failing("b"),
    );
    const engine = load(linear("f", {}, quick("x"), scope), {
      log: (message) => logged.push(message),
    });
    await t.rejects(engine.run(), { message: "b failed" });
    t.same(logged, [`controller "r" failed to decide, which counts as REVERT: ${problem}`]);
    t.same(statesOf(engine), { x: "SUCCESS", r: "REVERTED", a: "REVERTED", b: "REVERTED" });
  }
  await turn();
  t.same(seen, []);
});

t.test(
  "a controller is asked with its inputs, its history, who failed, how, and since when",
  async (t) => {
    const pocket = new Pocket();
    const asked: unknown[] = [];
    const asks = retry({
      name: "r",
      requires: ["most"],
      provides: "round",
      execute: (_: unknown, { history }: { history: unknown[] }) => `round ${history.length + 1}`,
      onFailure: (inputs: unknown, question: Record<string, unknown>) => {
        const { random, failure, history, ...rest } = question as {
          random: () => number;
          failure: { message: string };
          history: { value: unknown; failures: Record<string, { message: string }> }[];
        };
        const rounds = history.map(({ value, failures }) => [
          value,
          Object.entries(failures).map(([k, v]) => `${k}: ${v.message}`),
        ]);
        asked.push([inputs, rest, failure.message, rounds, random()]);
        return asked.length < 2 ? { verdict: "RETRY", delayMs: 500 } : "REVERT";
      },
    });
    const engine = engineIn(pocket, linear("f", { retry: asks }, failing("a")), {
      store: { most: 2 },
    });
    const ran = watch(engine.run());
    await pocket.pass(500);
    await until(() => ran.isSettled);
    t.same(asked, [
      [{ most: 2 }, { atom: "a", elapsedMs: 0 }, "a failed", [["round 1", ["a: a failed"]]], 0.5],
      [
        { most: 2 },
        { atom: "a", elapsedMs: 500 },
        "a failed",
        [
          ["round 1", ["a: a failed"]],
          ["round 2", ["a: a failed"]],
        ],
        0.5,
      ],
    ]);
  },
);

t.test(
  "of several failures in one attempt a controller is asked one by one, and nothing starts meanwhile",
  async (t) => {
    const stage = new Stage();
    const asked: string[] = [];
    const answers: ((verdict: string) => void)[] = [];
    const asks = retry({
      name: "r",
      execute: () => 1,
      onFailure: (_: unknown, { atom }: { atom: string }) => {
        asked.push(atom);
        return new Promise((resolve) => answers.push(resolve));
      },
    });
    const flow = unordered(
      "f",
      { retry: asks },
      stage.task("a"),
      stage.task("b"),
      linear("g", {}, stage.task("c"), stage.task("d")),
    );
    const engine = load(flow, { engine: "parallel" });
    const ran = engine.run();
    (await stage.call("a")).fail("1");
    await until(() => asked.length === 1);
    (await stage.call("b")).fail("2");
    (await stage.call("c")).succeed();
    await turn();
    t.same(asked, ["a"]);
    t.same(stage.log, ["a execute 1", "b execute 1", "c execute 1"], "neither d nor a revert");
    answers[0]!("RETRY");
    await until(() => asked.length === 2);
    answers[1]!("RETRY");
    for (const name of ["a", "b", "c"]) (await stage.call(name, "revert")).succeed();
    for (const name of ["a", "b", "c"]) (await stage.call(name, "execute", 2)).succeed();
    (await stage.call("d")).succeed();
    t.equal(await ran, "SUCCESS");
    t.same(asked, ["a", "b"]);
    t.match(engine.storage.history("r"), [
      { failures: { a: { message: "1" }, b: { message: "2" } } },
      { failures: {} },
    ]);
  },
);

t.test("a wait ends when it is over, and survives its owner", async (t) => {
  const pocket = new Pocket();
  const journal = memoryJournal();
  const backoff = { firstMs: 1_000, factor: 3, maxMs: 2_000, jitter: "none" };
  const flow = linear("f", { retry: times(3, { backoff }) }, failing("a", 3));
  const one = engineIn(pocket, flow, { journal });
  const lost = watch(one.run());
  await pocket.pass(400);
  one.abandon();
  await until(() => lost.isSettled);
  await pocket.pass(100);
  const two = engineIn(pocket, flow, { journal });
  const ran = watch(two.run());
  await pocket.pass(499);
  t.equal(two.storage.atom("a").attempt, 1);
  await pocket.pass(1);
  t.equal(two.storage.atom("a").attempt, 2, "500 ms were left of it");
  await pocket.pass(1_999);
  t.notOk(ran.isSettled);
  await pocket.pass(1);
  await until(() => ran.isSettled);
  t.equal(ran.value, "SUCCESS");
});

t.test("a wall clock that is wrong makes a wait no longer than it was meant to be", async (t) => {
  const pocket = new Pocket();
  const journal = memoryJournal();
  const flow = linear(
    "f",
    { retry: times(2, { backoff: { firstMs: 1_000, jitter: "none" } }) },
    failing("a", 2),
  );
  const one = engineIn(pocket, flow, { journal });
  const lost = watch(one.run());
  await turn();
  one.abandon();
  await until(() => lost.isSettled);
  pocket.clock.skewMs = -3_600_000;
  const two = engineIn(pocket, flow, { journal });
  const ran = watch(two.run());
  await pocket.pass(1_000);
  await until(() => ran.isSettled);
  t.equal(ran.value, "SUCCESS");
});

t.test("the timer of a wait that came to nothing does not cut a later one short", async (t) => {
  const pocket = new Pocket();
  const stage = new Stage();
  const waits = (firstMs: number) => ({ backoff: { firstMs, jitter: "none" } });
  const inner = linear("in", { retry: times(2, waits(1_000)) }, failing("a", 3));
  const outer = unordered("out", { retry: times(2) }, inner, stage.task("b"));
  const engine = engineIn(pocket, outer, { engine: "parallel" });
  const ran = watch(engine.run());
  await pocket.pass(900);
  t.equal(engine.storage.atom("in_retry").intention, "RETRY");
  (await stage.call("b")).fail("all of it again");
  (await stage.call("b", "revert")).succeed();
  await until(
    () => engine.storage.atom("a").attempt === 2 && engine.storage.atom("a").state === "REVERTED",
  );
  (await stage.call("b", "execute", 2)).succeed();
  await pocket.pass(999);
  t.equal(engine.storage.atom("a").attempt, 2, "100 ms were left of the first wait");
  await pocket.pass(1);
  await until(() => ran.isSettled);
  t.equal(ran.value, "SUCCESS");
});

t.test(
  "suspended, a flow leaves no timer behind; the wait goes on with the next run",
  async (t) => {
    const pocket = new Pocket();
    const journal = memoryJournal();
    const flow = linear(
      "f",
      { retry: times(2, { backoff: { firstMs: 1_000, jitter: "none" } }) },
      failing("a", 2),
    );
    const engine = engineIn(pocket, flow, { journal });
    const first = watch(engine.run());
    await pocket.pass(100);
    engine.suspend();
    await until(() => first.isSettled);
    t.equal(first.value, "SUSPENDED");
    t.equal(pocket.clock.pending, 0);
    const before = await recordsOf(journal, "flow");
    await pocket.pass(500);
    t.same(await recordsOf(journal, "flow"), before);
    const second = watch(engine.run());
    await pocket.pass(399);
    t.notOk(second.isSettled);
    await pocket.pass(1);
    await until(() => second.isSettled);
    t.equal(second.value, "SUCCESS");
  },
);

t.test(
  "a task that takes too long is aborted and has failed; what it comes to is counted and dropped",
  async (t) => {
    const pocket = new Pocket();
    const stage = new Stage();
    const flow = linear("f", { retry: times(2) }, stage.task("a", { timeoutMs: 1_000 }));
    const engine = engineIn(pocket, flow);
    const ran = watch(engine.run());
    const slow = await stage.call("a");
    await pocket.pass(999);
    t.notOk(slow.signal.aborted);
    await pocket.pass(1);
    t.match(slow.signal.reason, {
      code: "TASK_TIMED_OUT",
      message: `"a" took longer than 1000 ms`,
    });
    t.match(engine.storage.history("f_retry")[0]!.failures["a"], { code: "TASK_TIMED_OUT" });
    (await stage.call("a", "revert")).succeed();
    const again = await stage.call("a", "execute", 2);
    slow.succeed("late");
    await turn();
    t.equal(engine.statistics.superseded, 1);
    t.equal(engine.storage.atom("a").state, "RUNNING");
    again.succeed("in time");
    await until(() => ran.isSettled);
    t.equal(ran.value, "SUCCESS");
    t.equal(engine.storage.fetch("a"), "in time");
    t.equal(pocket.clock.pending, 0, "no timer is left behind");
  },
);

t.test("reverts have the same limit; too slow, they have failed", async (t) => {
  const pocket = new Pocket();
  const stage = new Stage();
  const engine = engineIn(
    pocket,
    linear("f", {}, stage.task("a", { timeoutMs: 1_000 }), failing("b")),
  );
  const ran = watch(engine.run());
  (await stage.call("a")).succeed();
  const slow = await stage.call("a", "revert");
  await pocket.pass(1_000);
  t.ok(slow.signal.aborted);
  await until(() => ran.isSettled);
  t.match(ran.error, { code: "TASK_TIMED_OUT" });
  t.equal(engine.storage.atom("a").state, "REVERT_FAILURE");
});

t.test("inputs that can't be looked up fail the atom like any other failure", async (t) => {
  const journal = memoryJournal();
  const short = untyped.task({
    name: "a",
    provides: ["x", "y"],
    execute: (_: unknown, { attempt }: { attempt: number }) => [1, 2].slice(0, attempt),
  });
  const flow = linear("f", { retry: times(2) }, short, quick("b", { requires: ["y"] }));
  const engine = load(flow, { id: "x", journal });
  t.equal(await engine.run(), "SUCCESS");
  t.match(engine.storage.history("f_retry"), [
    {
      failures: {
        b: {
          code: "INPUT_NOT_FOUND",
          message: `input "y" of "b": no accessible provider of "y" has such a value`,
        },
      },
    },
    { failures: {} },
  ]);
  t.equal(engine.statistics.superseded, 0, "one outcome per attempt");
});

t.test(
  "what was never called, since its inputs could not be had, is undone without a call",
  async (t) => {
    const short = untyped.task({ name: "a", provides: ["x", "y"], execute: () => [1] });
    const one = load(linear("f", {}, quick("z"), short, quick("b", { requires: ["y"] })));
    await t.rejects(one.run(), { code: "INPUT_NOT_FOUND" });
    t.equal(one.storage.state, "REVERTED");
    t.same(statesOf(one), { z: "REVERTED", a: "REVERTED", b: "REVERTED" });

    const number = {
      "~standard": {
        version: 1,
        vendor: "test",
        validate: (value: unknown) =>
          typeof value === "number" ? { value } : { issues: [{ message: "no number" }] },
      },
    };
    const stage = new Stage();
    const picky = stage.task("b", { requires: { n: number } });
    const two = load(linear("f", {}, quick("z"), picky), { store: { n: "1" } });
    await t.rejects(two.run(), { code: "INPUT_REFUSED", message: `input "n" of "b": no number` });
    t.equal(two.storage.state, "REVERTED");
    t.same(stage.log, []);

    const undoes: unknown[] = [];
    const own = { revertRequires: ["z"], revert: ({ z }: { z: unknown }) => undoes.push(z) };
    const three = load(linear("f", {}, quick("z"), short, quick("b", { requires: ["y"], ...own })));
    await t.rejects(three.run(), { code: "INPUT_NOT_FOUND" });
    t.same(undoes, ["z"], "a revert with inputs of its own is called");
  },
);

t.test(
  "a value that can't be recorded is a failure that names the place, on a journal in memory too",
  async (t) => {
    const bad = quick("a", { execute: () => ({ items: [1, { cb: () => 1 }] }) });
    const engine = load(linear("f", {}, quick("z"), bad));
    await t.rejects(engine.run(), {
      code: "PAYLOAD_REFUSED",
      message: "result.items[1].cb is a function",
    });
    t.same(statesOf(engine), { z: "REVERTED", a: "REVERTED" });
    t.throws(() => load(linear("f", {}, quick("a")), { store: { cb: () => 1 } }), {
      code: "PAYLOAD_REFUSED",
      message: "store.cb is a function",
    });
  },
);

t.test(
  "details of a progress that can't be recorded are refused to the task that tells them",
  async (t) => {
    const tells = quick("a", {
      execute: (
        _: unknown,
        { progress }: { progress(fraction: number, details: unknown): void },
      ) => {
        progress(0.5, { cb: () => 1 });
      },
    });
    await t.rejects(load(linear("f", {}, tells)).run(), { message: "details.cb is a function" });
  },
);

t.test("values are copied on their way in and out", async (t) => {
  const made = { list: [1] };
  const seen: unknown[] = [];
  const first = quick("a", { execute: () => made });
  const takes = (name: string) =>
    quick(name, {
      requires: ["a"],
      execute: ({ a }: { a: { list: number[] } }) => {
        a.list.push(99);
        seen.push([...a.list]);
      },
    });
  const engine = load(linear("f", {}, first, takes("b"), takes("c")));
  await engine.run();
  t.same(seen, [
    [1, 99],
    [1, 99],
  ]);
  t.same(made, { list: [1] });
  (engine.storage.fetch("a") as { list: number[] }).list.push(5);
  t.same(engine.storage.fetch("a"), { list: [1] });
});

t.test("live values go from task to task as they are", async (t) => {
  class Connection {
    open = true;
  }
  const made = new Connection();
  const store = { log: [] as unknown[], twice: (n: number) => 2 * n };
  const gives = quick("a", { execute: () => made });
  const takes = quick("b", {
    requires: ["a", "log", "twice"],
    execute: ({ a, log, twice }: { a: Connection; log: unknown[]; twice(n: number): number }) =>
      log.push(a, twice(4)),
    revert: () => undefined,
  });
  const undo = quick("c", {
    revert: (_: unknown, { result }: { result: unknown }) => store.log.push(result),
    execute: () => made,
  });
  const engine = load(linear("f", {}, gives, takes, undo, failing("d")), {
    payloads: "live",
    store,
  });
  await t.rejects(engine.run(), { message: "d failed" });
  t.equal(store.log[0], made);
  t.equal(store.log[1], 8);
  t.equal(store.log[2], made);
});

t.test("live values need a journal in memory", async (t) => {
  const journal = { ...memoryJournal(), durability: "disk" as const };
  t.throws(() => load(linear("f", {}, quick("a")), { payloads: "live", journal: journal }), {
    code: "INVALID_OPTION",
    message: `option "payloads": live values can't be recorded; use a journal in memory`,
  });
});

t.test("forEach hands out each value once and gives up after the last", async (t) => {
  const seen: unknown[] = [];
  const tries = quick("a", {
    requires: ["value"],
    execute: ({ value }: { value: unknown }) => {
      seen.push(value);
      throw new Error(`not ${String(value)}`);
    },
  });
  const engine = load(linear("f", { retry: forEach([1, 2, 2], { provides: "value" }) }, tries));
  await t.rejects(engine.run(), { message: "not 2" });
  t.same(seen, [1, 2, 2]);
  t.same(engine.storage.history("f_retry"), [], "undone, it starts afresh");
});

interface Told {
  readonly result: unknown;
  readonly failure: { readonly message: string } | undefined;
  readonly failures: object;
  readonly key: string;
  readonly attempt: number;
}

t.test("a revert gets the result, how it failed, and all failures known then", async (t) => {
  const seen: unknown[] = [];
  const undo = (name: string) => ({
    revert: (inputs: unknown, { result, failure, failures, key, attempt }: Told) => {
      seen.push([name, inputs, result, failure?.message, Object.keys(failures), key, attempt]);
    },
  });
  const flow = linear(
    "f",
    {},
    quick("a", undo("a")),
    failing("b", 9, { requires: ["a"], ...undo("b") }),
  );
  await t.rejects(load(flow, { id: "x" }).run());
  t.same(seen, [
    ["b", { a: "a" }, undefined, "b failed", ["b"], "x/b/revert/1", 1],
    ["a", {}, "a", undefined, ["b"], "x/a/revert/1", 1],
  ]);
});
