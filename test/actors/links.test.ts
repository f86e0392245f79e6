// What links between nodes do when messages are lost, nobody takes them, or the other side is gone.
import assert from "node:assert/strict";
import fc from "fast-check";
import t, { type Test } from "tap";
import { assign, type EventObject, setup } from "xstate";
import type { Frame } from "../../actors/frames.ts";
import { Link } from "../../actors/link.ts";
import { node, type Node, type NodeOptions, type NodeRef } from "../../actors/node.ts";
import type { Down } from "../../actors/placed-ref.ts";
import { encode } from "../../lib/bytes.ts";
import { FlowError } from "../../lib/errors.ts";
import { Switch } from "../../lib/transport/switch.ts";
import type { Transport } from "../../lib/transport/transport.ts";
import { seeded } from "../simulation/time.ts";
import { lossy } from "./cluster.ts";
import { Pocket } from "./fixture.ts";

const leaseMs = 1_000;

/** Remembers what it took, and answers with how much that is. */
const recorder = setup({
  types: {
    context: {} as { taken: number[] },
    events: {} as
      | { type: "PUT"; n: number; replyTo?: { send(event: EventObject): void } }
      | { type: "BURST"; times: number; replyTo?: undefined },
  },
}).createMachine({
  context: { taken: [] },
  on: {
    PUT: {
      actions: [
        assign({ taken: ({ context, event }) => [...context.taken, event.n] }),
        ({ context, event }) =>
          event.replyTo?.send({ type: "got", n: context.taken.length } as never),
      ],
    },
    BURST: {
      actions: ({ event, self }) => {
        for (let n = 0; n < event.times; n++) self.send({ type: "PUT", n });
      },
    },
  },
});

/** Two nodes in a pocket of time, with wires that can be cut. */
class Pair {
  readonly pocket = new Pocket();
  readonly hub = new Switch(this.pocket.clock);
  readonly logged: string[] = [];
  /** Nothing comes through. */
  isCut = false;

  /** A transport of this hub, through which nothing comes while the wire is cut. */
  wire(inner: Transport = this.hub.join()): Transport {
    const lost = async (to: string, timeoutMs: number): Promise<never> => {
      await new Promise<void>((done) => void this.pocket.clock.setTimeout(done, timeoutMs));
      throw new FlowError("NO_ANSWER", { to, timeoutMs });
    };
    return {
      maxBytes: inner.maxBytes,
      get isConnected() {
        return inner.isConnected;
      },
      request: async (to, body, timeoutMs = 5_000) => {
        const wasCut = this.isCut;
        const answer = wasCut ? undefined : await inner.request(to, body, timeoutMs);
        return wasCut || this.isCut ? lost(to, timeoutMs) : answer;
      },
      publish: (to, body) => {
        if (!this.isCut) inner.publish(to, body);
      },
      serve: (at, take) => inner.serve(at, take),
      listen: (to, hear) => inner.listen(to, hear),
      watch: (changed) => inner.watch(changed),
      [Symbol.asyncDispose]: () => inner[Symbol.asyncDispose](),
    };
  }

  node(name: string, options: Partial<NodeOptions> = {}): Promise<Node> {
    const { clock } = this.pocket;
    return this.pass(
      node({
        name,
        transport: this.wire(),
        clock,
        random: seeded(1),
        leaseMs,
        actors: { recorder },
        log: (message) => void this.logged.push(message),
        ...options,
      }),
    );
  }

  /** Lets time pass until it is settled. */
  async pass<Value>(promise: Promise<Value>): Promise<Value> {
    const pending = new Set([promise]);
    const settled = (): void => {
      pending.clear();
    };
    promise.then(settled, settled);
    for (let passed = 0; passed < 20_000; passed++) {
      if (pending.size === 0) return promise;
      await this.pocket.pass(10);
    }
    throw new Error("it was waited for in vain");
  }
}

type Recorder = NodeRef<typeof recorder>;

async function pairOf(
  t: Test,
  near: Partial<NodeOptions> = {},
): Promise<{ pair: Pair; near: Node; far: Node; ref: Recorder; downs: Down[] }> {
  const pair = new Pair();
  const nodes = { near: await pair.node("near", near), far: await pair.node("far") };
  t.teardown(async () => {
    await Promise.all([pair.pass(nodes.near.close()), pair.pass(nodes.far.close())]);
  });
  const ref = await pair.pass(nodes.near.spawn<typeof recorder>("recorder", { on: "far" }));
  const downs: Down[] = [];
  ref.watch((down) => downs.push(down));
  return { pair, ...nodes, ref, downs };
}

const codeOf = (error: unknown): string => (error as { code?: string }).code ?? String(error);

t.test("whatever is lost, each event is taken once and in order", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer(),
      fc.double({ min: 0, max: 0.6, noNaN: true }),
      async (seed, share) => {
        const pair = new Pair();
        const random = seeded(seed);
        const bad = (): Transport => lossy(pair.hub.join(), random, share);
        // Loss alone must not look like a death.
        const options = { leaseMs: 60_000, random };
        const near = await pair.node("near", { ...options, transport: bad() });
        const far = await pair.node("far", { ...options, transport: bad() });
        const spawned = near.spawn<typeof recorder>("recorder", { on: "far", timeoutMs: 300_000 });
        const ref = await pair.pass(spawned);
        const answers: unknown[] = [];
        for (let n = 0; n < 60; n++) {
          if (n % 3 === 0) void ref.ask({ type: "PUT", n }, 100_000).then((it) => answers.push(it));
          else ref.send({ type: "PUT", n });
          if (n % 20 === 0) await pair.pocket.pass(30);
        }
        await pair.pass(ref.ask({ type: "PUT", n: 60 }, 100_000));
        const found = far.system.actors.get([...far.system.actors.keys()][0] ?? "");
        const { taken } = (found?.getSnapshot() as { context: { taken: number[] } }).context;
        assert.deepEqual(
          taken,
          Array.from({ length: 61 }, (_, n) => n),
        );
        assert.deepEqual(
          answers,
          Array.from({ length: 20 }, (_, at) => ({ type: "got", n: at * 3 + 1 })),
        );
        await Promise.all([pair.pass(near.close()), pair.pass(far.close())]);
      },
    ),
    { numRuns: 15 },
  );
});

t.test("a full window refuses events, and has questions wait for room", async (t) => {
  const { pair, ref } = await pairOf(t, { limits: { messages: 4 } });
  pair.isCut = true;
  for (let n = 0; n < 4; n++) ref.send({ type: "PUT", n });
  const full = {
    code: "TRANSPORT_FULL",
    about: { to: ref.address, limit: 4, of: "messages" },
  };
  t.throws(() => {
    ref.send({ type: "PUT", n: 99 });
  }, full);
  const asked = [4, 5, 6, 7, 8].map(async (n) => ref.ask({ type: "PUT", n }, 60_000));
  const late = ref.ask({ type: "PUT", n: 98 }, 100).catch(codeOf);
  await pair.pocket.pass(400);
  t.equal(await late, "NO_ANSWER", "what waits too long is never sent");
  pair.isCut = false;
  const answers = await pair.pass(Promise.all(asked));
  t.strictSame(
    answers.map((it) => (it as unknown as { n: number }).n),
    [5, 6, 7, 8, 9],
  );
  ref.send({ type: "PUT", n: 9 });
  await pair.pocket.pass(100);
  t.strictSame(ref.getSnapshot().context, { taken: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9] });
});

t.test("the window is bounded in bytes, too; one message may be larger", async (t) => {
  const { pair, ref } = await pairOf(t, { limits: { bytes: 1_000 } });
  pair.isCut = true;
  ref.send({ type: "PUT", n: 1, more: "x".repeat(5_000) } as never);
  t.throws(
    () => {
      ref.send({ type: "PUT", n: 2 });
    },
    { code: "TRANSPORT_FULL", about: { limit: 1_000, of: "bytes" } },
  );
  const asked = ref.ask({ type: "PUT", n: 3 }, 60_000);
  pair.isCut = false;
  t.match(await pair.pass(asked), { n: 2 });
  t.throws(
    () => {
      ref.send({ type: "PUT", n: 4, more: new Uint8Array(16 * 1024 * 1024 - 2_000) } as never);
    },
    { code: "PAYLOAD_REFUSED" },
  );
  t.match(await pair.pass(ref.ask({ type: "PUT", n: 5 })), { n: 3 });
});

t.test("a link that is silent for a lease is down at both ends, for good", async (t) => {
  const { pair, near, far, ref, downs } = await pairOf(t);
  const back = await pair.pass(far.spawn("recorder", { on: "near" }));
  const backDowns: Down[] = [];
  back.watch((down) => backDowns.push(down));
  const letters: unknown[] = [];
  near.system.onDeadLetter(({ to, event }) => letters.push([to.id, event]));
  const errors: unknown[] = [];
  ref.subscribe({ error: (error) => errors.push(error) });
  pair.isCut = true;
  ref.send({ type: "PUT", n: 1 });
  ref.send({ type: "PUT", n: 2 });
  const asked = ref.ask({ type: "PUT", n: 3 }, 60_000).catch(codeOf);
  await pair.pocket.pass(900);
  t.strictSame(downs, [], "not before its time");
  await pair.pocket.pass(400);
  t.match(downs, [{ type: "down", reason: "link", error: { code: "LINK_DOWN" } }]);
  t.match(backDowns, [{ type: "down", reason: "link" }]);
  t.match(errors, [{ code: "LINK_DOWN", about: { node: "far" } }]);
  t.equal(await asked, "LINK_DOWN");
  t.strictSame(letters, [
    [ref.address, { type: "PUT", n: 1 }],
    [ref.address, { type: "PUT", n: 2 }],
  ]);
  t.match(pair.logged, ['the link to node "far" is down: it was silent for 1000 ms']);
  pair.isCut = false;
  await pair.pocket.pass(2_000);
  t.equal(await near.lookup(ref.address).catch(codeOf), "LINK_DOWN", "it is never taken up again");
  t.equal(far.system.actors.size, 1, "the actor lives on");
  const lives = [...far.system.actors.values()][0]?.getSnapshot() as { context: object };
  t.strictSame(lives.context, { taken: [] }, "and nothing of it comes after all");
});

t.test("who gave up a link tells the other side, which need not wait", async (t) => {
  const { pair, far, ref, downs } = await pairOf(t);
  ref.send({ type: "PUT", n: 1 });
  await pair.pocket.pass(50);
  await pair.pass(far.close());
  await pair.pocket.pass(50);
  t.match(downs, [{ type: "down", reason: "stopped" }], "its actors were stopped first");
  await t.rejects(far.spawn("recorder"), { code: "TRANSPORT_CLOSED" });
});

t.test("a node that leaves takes what it held with it", async (t) => {
  const pair = new Pair();
  const near = await pair.node("near");
  const far = await pair.node("far");
  const ref = await pair.pass(near.spawn("recorder", { on: "far" }));
  const reasons: string[] = [];
  ref.watch(({ reason }) => reasons.push(reason));
  await pair.pass(near.close());
  t.strictSame(reasons, ["node"], "the one that leaves knows, too");
  t.equal(far.system.actors.size, 1, "an actor is no child of who had it made");
  await pair.pass(far.close());
  t.equal(far.system.actors.size, 0);
});

t.test("a node that starts again is another one", async (t) => {
  const { pair, near, far, ref, downs } = await pairOf(t);
  await pair.pass(far.close());
  const again = await pair.node("far");
  t.teardown(async () => pair.pass(again.close()));
  const second = await pair.pass(near.spawn<typeof recorder>("recorder", { on: "far" }));
  t.match(await pair.pass(second.ask({ type: "PUT", n: 1 })), { n: 1 });
  t.not(second.address, ref.address);
  t.equal(downs.length, 1);
});

t.test("an actor that was made too late is stopped: nobody knows of it", async (t) => {
  const { pair, near, far } = await pairOf(t);
  pair.isCut = true;
  const spawned = near.spawn("recorder", { on: "far", timeoutMs: 300 }).catch(codeOf);
  await pair.pocket.pass(400);
  t.equal(await spawned, "NO_ANSWER");
  pair.isCut = false;
  await pair.pocket.pass(2_000);
  t.equal(far.system.actors.size, 1, "the first one only");
});

t.test("a role is filled by the node that has the fewest actors", async (t) => {
  const { pair, near } = await pairOf(t);
  const others = [];
  for (const name of ["a", "b"]) others.push(await pair.node(name, { roles: ["recording"] }));
  const on: string[] = [];
  for (let n = 0; n < 4; n++) {
    const ref = await pair.pass(near.spawn("recorder", { on: "recording" }));
    on.push(ref.address.split(".")[1] ?? "");
    await pair.pocket.pass(leaseMs / 4); // until its presence has told of it
  }
  t.strictSame(on.sort(), ["a", "a", "b", "b"]);
  t.strictSame(near.members.map(({ name }) => name).sort(), ["a", "b", "far"]);
  for (const other of others) await pair.pass(other.close());
  await pair.pocket.pass(50);
  t.strictSame(
    near.members.map(({ name }) => name),
    ["far"],
  );
});

t.test("snapshots that there is no room for give way to the last", async (t) => {
  const pair = new Pair();
  const near = await pair.node("near");
  const far = await pair.node("far", { limits: { messages: 4 } });
  const ref = await pair.pass(near.spawn<typeof recorder>("recorder", { on: "far" }));
  let shown = 0;
  ref.subscribe(() => shown++);
  ref.send({ type: "BURST", times: 1_000 });
  await pair.pocket.pass(500);
  t.equal((ref.getSnapshot().context as { taken: number[] }).taken.length, 1_000);
  t.ok(shown < 20, `${shown} were shown`);
  await Promise.all([pair.pass(near.close()), pair.pass(far.close())]);
});

t.test("what is no frame is counted, and changes nothing", async (t) => {
  const { pair, far, ref } = await pairOf(t);
  const stranger = pair.hub.join();
  const from = { name: "stranger", incarnation: "1" };
  const frames = fc.sample(fc.uint8Array({ maxLength: 60 }), 200);
  const odd = [null, 1, {}, { kind: "event", actor: 1 }, { kind: "found" }, { kind: "nonsense" }];
  const message = {
    kind: "frames",
    from,
    first: 1,
    frames: [...frames, ...odd.map((it) => encode(it))],
  };
  const taken = (await pair.pass(stranger.request(far.address, message))) as { taken: number };
  t.equal(taken.taken, 206);
  for (const body of [
    null,
    1,
    {},
    { kind: "frames" },
    { kind: "frames", from, first: 5 },
    { from },
  ]) {
    await pair.pass(stranger.request(far.address, body).catch(() => undefined));
  }
  const unknown = { ...message, from: { name: "other", incarnation: "2" }, first: 9 };
  t.strictSame(await pair.pass(stranger.request(far.address, unknown)), { gone: true });
  t.match(await pair.pass(ref.ask({ type: "PUT", n: 1 })), { n: 1 });
});

/** One end of a link, with an other side that is played by the test. */
function linkTo(answer: (body: { first: number; frames: Uint8Array[] }) => unknown) {
  const pocket = new Pocket();
  const taken: unknown[] = [];
  const ends: { problem: string; untaken: number }[] = [];
  let isFull = false;
  const transport = {
    maxBytes: 10_000,
    request: async (_: string, body: { kind: string; first: number; frames: Uint8Array[] }) =>
      Promise.resolve(body.kind === "bye" ? null : answer(body)),
  } as unknown as Transport;
  const link = new Link({
    self: { name: "a", incarnation: "1" },
    peer: { name: "b", incarnation: "1" },
    transport,
    clock: pocket.clock,
    leaseMs,
    limits: { messages: 10, bytes: 1_000 },
    take: (frame) => {
      if (isFull) throw new FlowError("MAILBOX_FULL", { system: "a", capacity: 1 });
      taken.push(frame);
    },
    room: () => undefined,
    down: ({ about }, untaken) => ends.push({ problem: about.problem, untaken: untaken.length }),
  });
  return { pocket, link, taken, ends, fill: (full: boolean) => (isFull = full) };
}

const leave = (actor: string): Frame => ({ kind: "leave", actor });

t.test("what finds a full mailbox is taken later, with all that follows", async (t) => {
  const { link, taken, fill } = linkTo(() => ({ taken: 0 }));
  const frames = [leave("x"), leave("y")].map((it) => encode(it));
  fill(true);
  t.strictSame(link.receive(1, frames), { taken: 0 });
  fill(false);
  t.strictSame(link.receive(1, frames), { taken: 2 });
  t.strictSame(link.receive(1, frames), { taken: 2 }, "twice is once");
  t.strictSame(link.receive(4, frames), { taken: 2 }, "nothing is skipped");
  t.strictSame(taken, [leave("x"), leave("y")]);
  t.equal(link.repeated, 2);
});

t.test("what the other side has no room for is sent again, ever more seldom", async (t) => {
  const sent: number[] = [];
  const { link, pocket } = linkTo(({ first, frames }) => {
    if (frames.length > 0) sent.push(first);
    return { taken: sent.length < 6 ? 0 : 1 };
  });
  link.send(leave("x"), "x");
  await pocket.pass(10_000);
  t.strictSame(sent, [1, 1, 1, 1, 1, 1]);
  t.equal(link.untaken, 0);
});

t.test("a link whose answers pile up is given up", async (t) => {
  const { link, ends, pocket } = linkTo(() => ({ taken: 0 }));
  for (let n = 0; n <= 5_000; n++) link.reply(leave("x"));
  await pocket.pass(10);
  t.match(ends, [{ problem: "it takes less than it asks for" }]);
  t.throws(
    () => {
      link.send(leave("x"), "x");
    },
    { code: "LINK_DOWN" },
  );
});

t.test("who was stalled itself judges nobody", async (t) => {
  const { link, ends, pocket } = linkTo(() => new Promise(() => undefined));
  await pocket.pass(5_000);
  link.tick(false);
  t.strictSame(ends, []);
  link.tick(true);
  t.strictSame(ends, [{ problem: "it was silent for 1000 ms", untaken: 0 }]);
});

t.test("the end of the transport is the end of the link", async (t) => {
  const { link, ends, pocket } = linkTo(() => {
    throw new FlowError("TRANSPORT_CLOSED", { problem: "it was asked to" });
  });
  link.send(leave("x"), "x");
  await pocket.pass(10);
  t.strictSame(ends, [{ problem: "the transport is closed: it was asked to", untaken: 1 }]);
});
