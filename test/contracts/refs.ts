// What holds of every ref that a node gives out, wherever its actor lives.
import type { Test } from "tap";
import {
  assign,
  emit,
  type EventObject,
  fromCallback,
  fromPromise,
  sendTo,
  setup,
  toPromise,
  waitFor,
} from "xstate";
import type { Node, NodeOptions, NodeRef } from "../../actors/node.ts";
import type { Down } from "../../actors/placed-ref.ts";
import { FlowError } from "../../lib/errors.ts";
import { linear, task } from "../../lib/index.ts";

export interface Subject {
  /** A node, and the name of the one whose actors it is given refs of: itself or another. */
  open(t: Test, far: Partial<NodeOptions>): Promise<{ readonly near: Node; readonly on: string }>;
}

interface Asked extends EventObject {
  replyTo?: { send(event: EventObject): void };
}

type Count =
  | (Asked & { type: "INC"; by?: number })
  | (Asked & { type: "GET" })
  | (Asked & { type: "BAD" })
  | { type: "SAY"; what: string }
  | { type: "END" }
  | { type: "CRASH" };

interface Given {
  readonly from: number;
}

/** Counts, answers, emits, ends, fails. */
const counter = setup({
  types: {
    context: {} as { n: number },
    events: {} as Count,
    input: {} as Given,
    output: {} as { n: number },
    emitted: {} as { type: "said"; what: string } | { type: "counted" },
    tags: {} as "odd",
  },
}).createMachine({
  context: ({ input }) => ({ n: (input as Given | undefined)?.from ?? 0 }),
  initial: "even",
  on: {
    GET: {
      actions: ({ context, event }) => event.replyTo?.send({ type: "is", n: context.n } as never),
    },
    BAD: { actions: ({ event }) => event.replyTo?.send({ type: "is", fn: () => 1 } as never) },
    SAY: { actions: emit(({ event }) => ({ type: "said" as const, what: event.what })) },
    CRASH: {
      actions: () => {
        throw new TypeError("it broke");
      },
    },
    END: ".over",
  },
  states: {
    even: { on: { INC: { target: "odd", actions: add() } } },
    odd: {
      tags: "odd",
      on: { INC: { target: "even", actions: [add(), emit({ type: "counted" })] } },
    },
    over: { type: "final" },
  },
  output: ({ context }) => ({ n: context.n }),
});

function add() {
  return assign<{ n: number }, Count, undefined, Count, never>({
    n: ({ context, event }) => context.n + ((event as { by?: number }).by ?? 1),
  });
}

/** Holds a ref in its context. */
const parent = setup({
  types: { context: {} as { child: unknown; at: Date } },
  actors: { child: fromCallback(() => undefined) },
}).createMachine({
  context: ({ spawn }) => ({ child: spawn("child", { id: "kid" }), at: new Date(0) }),
});

/** What it holds can't travel. */
const secretive = setup({ types: { context: {} as { fn: unknown } } }).createMachine({
  context: { fn: null },
  on: { HIDE: { actions: assign({ fn: () => () => 1 }) } },
});

const promised = fromPromise(async ({ input }: { input: { fail?: boolean; value?: unknown } }) => {
  await Promise.resolve();
  if (input.fail) throw new RangeError("not today");
  return { got: input.value };
});

const brief = setup({}).createMachine({
  initial: "x",
  states: { x: { type: "final" } },
  output: 7,
});

const sums = linear(
  "sums",
  task({
    name: "add",
    requires: ["a", "b"],
    provides: "sum",
    execute: ({ a, b }: { a: number; b: number }) => a + b,
  }),
);
const fails = linear(
  "fails",
  task({
    name: "breaks",
    execute: () => {
      throw new Error("no capacity");
    },
  }),
);
const waits = linear(
  "waits",
  task({
    name: "never",
    execute: (_: object, { signal }: { signal: AbortSignal }) =>
      new Promise<void>((_, reject) => {
        signal.addEventListener("abort", () => {
          reject(signal.reason as Error);
        });
      }),
  }),
);

const offers: Partial<NodeOptions> = {
  actors: { counter, parent, secretive, promised, brief },
  flows: [sums, fails, waits],
};

type Counter = NodeRef<typeof counter>;
type Counted = EventObject & { n: number };

interface Ends {
  readonly near: Node;
  readonly on: string;
  readonly counter: Counter;
}
type Define = (what: string, run: (t: Test, ends: Ends) => Promise<void>) => void;

export function refsContract(t: Test, name: string, subject: Subject): void {
  const define: Define = (what, run) => {
    t.test(`${name}: ${what}`, async (t) => {
      const ends = await subject.open(t, offers);
      const { near, on } = ends;
      await run(t, { ...ends, counter: await near.spawn<typeof counter>("counter", { on }) });
    });
  };
  showing(define);
  asking(define);
  ending(define);
  finding(define);
  flowing(define);
}

function showing(define: Define): void {
  define(
    "events are taken in order, and snapshots show what they lead to",
    async (t, { counter }) => {
      const seen: unknown[] = [];
      counter.subscribe(({ value, context }) => seen.push([value, context]));
      t.match(counter.getSnapshot(), { status: "active", value: "even", context: { n: 0 } });
      for (const by of [1, 10, 100]) counter.send({ type: "INC", by });
      const odd = await waitFor(counter, (it) => (it.context as { n: number }).n === 111);
      t.strictSame(seen, [
        ["odd", { n: 1 }],
        ["even", { n: 11 }],
        ["odd", { n: 111 }],
      ]);
      t.ok(odd.matches("odd") && !odd.matches("even"));
      t.ok(odd.hasTag("odd") && !odd.hasTag("even"));
      t.strictSame([...odd.tags], ["odd"]);
      t.strictSame(counter.getSnapshot().context, { n: 111 });
    },
  );

  define("input reaches the actor; output comes out of toPromise", async (t, { near, on }) => {
    const ref = await near.spawn<typeof counter>("counter", { on, input: { from: 41 } });
    const output = toPromise(ref);
    ref.send({ type: "INC" });
    ref.send({ type: "END" });
    t.strictSame(await output, { n: 42 });
    t.equal(ref.getSnapshot().status, "done");
    t.strictSame(await toPromise(ref), { n: 42 }, "afterwards, too");
  });

  define("thousands of events are all taken, once each", async (t, { counter }) => {
    for (let n = 0; n < 3_000; n++) counter.send({ type: "INC" });
    t.strictSame(await counter.ask({ type: "GET" }), { type: "is", n: 3_000 });
  });

  define("what it emits is heard by type, and by all", async (t, { counter }) => {
    const heard: unknown[] = [];
    counter.on("said", ({ what }) => heard.push(what));
    const all = counter.on("*", ({ type }) => heard.push(type));
    counter.send({ type: "SAY", what: "a" });
    for (let n = 0; n < 2; n++) counter.send({ type: "INC" });
    await counter.ask({ type: "GET" });
    all.unsubscribe();
    counter.send({ type: "SAY", what: "b" });
    await counter.ask({ type: "GET" });
    t.strictSame(heard, ["a", "said", "counted", "b"]);
  });

  define("a ref in a context travels as its id", async (t, { near, on }) => {
    const ref = await near.spawn("parent", { on });
    const shown = JSON.parse(JSON.stringify(ref.getSnapshot().context)) as unknown;
    t.strictSame(shown, { child: { xstate$$type: 1, id: "kid" }, at: "1970-01-01T00:00:00.000Z" });
  });

  define("an actor here sends to it as to any other", async (t, { near, counter }) => {
    const sender = setup({ types: { context: {} as { to: Counter } } }).createMachine({
      context: { to: counter },
      entry: sendTo(({ context }) => context.to, { type: "INC", by: 5 }),
    });
    const { LogicRef } = await import("../../actors/logic-ref.ts");
    new LogicRef(sender, { system: near.system }).start();
    t.strictSame(await counter.ask({ type: "GET" }), { type: "is", n: 5 });
  });

  define("what is no payload is refused where it is sent", async (t, { near, on, counter }) => {
    const bad = { type: "INC", by: () => 1 } as never;
    const refused = { code: "PAYLOAD_REFUSED", message: "event.by is a function" };
    t.throws(() => {
      counter.send(bad);
    }, refused);
    await t.rejects(counter.ask(bad), refused);
    await t.rejects(near.spawn("counter", { on, input: { from: Symbol("x") } }), {
      code: "PAYLOAD_REFUSED",
      message: "input.from is a symbol",
    });
    t.strictSame(
      await counter.ask({ type: "GET" }),
      { type: "is", n: 0 },
      "and nothing else happens",
    );
  });

  define("what is sent is a copy", async (t, { near, on }) => {
    const input = { value: { list: [1] } };
    const ref = await near.spawn<typeof promised>("promised", { on, input });
    input.value.list.push(2);
    t.strictSame(await toPromise(ref), { got: { list: [1] } });
  });
}

function asking(define: Define): void {
  define("whoever asks gets the answer to that", async (t, { counter }) => {
    const answers = await Promise.all(
      Array.from({ length: 200 }, async () => {
        counter.send({ type: "INC" });
        return counter.ask<Counted>({ type: "GET" });
      }),
    );
    t.strictSame(
      answers.map(({ n }) => n),
      Array.from({ length: 200 }, (_, at) => at + 1),
    );
  });

  define("no answer in time", async (t, { counter }) => {
    const started = performance.now();
    const error = await counter.ask({ type: "INC" }, 120).catch((it: unknown) => it);
    t.ok(FlowError.is(error, "NO_ANSWER"));
    t.match((error as FlowError<"NO_ANSWER">).about, { to: counter.address, timeoutMs: 120 });
    t.ok(performance.now() - started >= 119, "not before its time");
  });

  define(
    "who ends before it answers is said at once, and who has ended too",
    async (t, { counter }) => {
      const asked = counter.ask({ type: "INC" }, 60_000).catch((it: unknown) => it);
      counter.send({ type: "END" });
      t.ok(FlowError.is(await asked, "NO_RECEIVER"));
      const late = await counter.ask({ type: "GET" }).catch((it: unknown) => it);
      t.ok(FlowError.is(late, "NO_RECEIVER"));
    },
  );

  define("an answer that is no payload is the actor's own mistake", async (t, { counter }) => {
    const asked = counter.ask({ type: "BAD" }, 60_000).catch((it: unknown) => it);
    await t.rejects(toPromise(counter), { message: "answer.fn is a function" });
    t.ok(FlowError.is(await asked, "NO_RECEIVER"));
  });
}

const downOf = (ref: NodeRef): Promise<Down> =>
  new Promise((resolve) => {
    ref.watch(resolve);
  });

function ending(define: Define): void {
  define("watchers are told once how it ended", async (t, { near, on }) => {
    const ends = { END: "done", CRASH: "error", stop: "stopped" } as const;
    for (const [how, reason] of Object.entries(ends)) {
      const ref = await near.spawn<typeof counter>("counter", { on });
      const told: Down[] = [];
      const down = downOf(ref as NodeRef);
      ref.watch((it) => told.push(it));
      const stop = ref.watch(() => t.fail("it watches no more"));
      stop();
      ref.subscribe({ error: () => undefined });
      if (how === "stop") ref.stop();
      else ref.send({ type: how as "END" | "CRASH" });
      t.match(await down, { type: "down", address: ref.address, reason });
      t.match(await downOf(ref as NodeRef), { reason }, "who comes later is told too");
      t.equal(told.length, 1);
      t.equal(ref.getSnapshot().status, reason);
    }
  });

  define("an error reaches whoever looks on, as what it was", async (t, { near, on, counter }) => {
    const errors: unknown[] = [];
    counter.subscribe({ error: (error) => errors.push(error) });
    const down = downOf(counter as NodeRef);
    counter.send({ type: "CRASH" });
    t.match(await down, { reason: "error", error: { name: "TypeError", message: "it broke" } });
    t.match(errors, [{ name: "TypeError", message: "it broke" }]);
    const input = { fail: true };
    const ref = await near.spawn<typeof promised>("promised", { on, input });
    await t.rejects(toPromise(ref), { name: "RangeError", message: "not today" });
  });

  define("who observes an actor that ends at once sees that", async (t, { near, on }) => {
    const ref = await near.spawn<typeof brief>("brief", { on });
    t.equal(await toPromise(ref), 7);
    t.match(await downOf(ref as NodeRef), { reason: "done" });
  });

  define(
    "what is sent to an actor that has ended is a dead letter here",
    async (t, { near, counter }) => {
      const letters: unknown[] = [];
      near.system.onDeadLetter(({ to, event }) => letters.push([to.id, event.type]));
      const down = downOf(counter as NodeRef);
      counter.send({ type: "END" });
      await down;
      counter.send({ type: "INC" });
      t.strictSame(letters, [[counter.address, "INC"]]);
    },
  );
}

function finding(define: Define): void {
  define("an actor is found by name and by address", async (t, { near, on }) => {
    const ref = await near.spawn<typeof counter>("counter", { on, id: "odd name.*" });
    ref.send({ type: "INC" });
    t.match(ref.address, /^a\.[^.]+\.[^.]+\.odd=0020name=002e=002a$/);
    for (const name of [ref.address, "odd name.*"]) {
      const found = await near.lookup<typeof counter>(name);
      t.equal(found.address, ref.address);
      t.strictSame(await found.ask({ type: "GET" }), { type: "is", n: 1 });
    }
    const named = await near.lookup("odd name.*", { on });
    t.equal(named.address, ref.address);
  });

  define("what isn't there is said to be missing", async (t, { near, on, counter }) => {
    const codes = await Promise.all(
      [
        near.lookup("nobody"),
        near.lookup(counter.address.replace(/[^.]+$/, "nobody")),
        near.spawn("countr", { on, timeoutMs: 200 }),
        near.spawn("counter", { on: "nowhere", timeoutMs: 200 }),
        near.lookup("nobody", { on: "nowhere" }),
      ].map(async (asked) =>
        asked.then(
          () => "",
          (error: unknown) => (error as FlowError).code,
        ),
      ),
    );
    t.strictSame(codes, Array(5).fill("NOT_FOUND"));
  });

  define("a name is given once, until its actor has ended", async (t, { near, on }) => {
    const ref = await near.spawn<typeof counter>("counter", { on, id: "one" });
    await t.rejects(near.spawn("counter", { on, id: "one" }), {
      code: "ALREADY_EXISTS",
      message: 'actor "one" exists already',
    });
    const down = downOf(ref as NodeRef);
    ref.send({ type: "END" });
    await down;
    t.ok(await near.spawn("counter", { on, id: "one" }));
  });
}

function flowing(define: Define): void {
  define("a flow is spawned by its name, with its store", async (t, { near, on }) => {
    const ref = await near.spawn("sums", { on, input: { a: 2, b: 3 } });
    const states: unknown[] = [];
    ref.subscribe(({ value }) => states.push(value));
    t.strictSame(await toPromise(ref as never), { a: 2, b: 3, sum: 5 });
    t.equal(states.at(-1), "SUCCESS");
    t.ok(ref.getSnapshot().matches("SUCCESS"));
  });

  define(
    "a flow that fails tells why, and one that lacks something too",
    async (t, { near, on }) => {
      const ref = await near.spawn("fails", { on });
      await t.rejects(toPromise(ref as never), { message: "no capacity" });
      const lacks = await near.spawn("sums", { on });
      await t.rejects(toPromise(lacks as never), { code: "MISSING_DEPENDENCIES" });
    },
  );

  define("a flow takes its commands from afar", async (t, { near, on }) => {
    const ref = await near.spawn("waits", { on });
    await waitFor(ref as never, (it: { value: unknown }) => it.value === "RUNNING");
    ref.send({ type: "cancel", reason: "enough" });
    await t.rejects(toPromise(ref as never), { code: "CANCELLED" });
  });
}
