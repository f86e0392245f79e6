/** What every transport promises, for a test file of each implementation. */
import assert from "node:assert/strict";
import fc from "fast-check";
import type { Test } from "tap";
import { admit } from "../../lib/codec.ts";
import { type ErrorCode, FlowError } from "../../lib/errors.ts";
import { addressOf } from "../../lib/names.ts";
import type { Take, Transport } from "../../lib/transport/transport.ts";
import { payload } from "../payloads.ts";

export interface Limits {
  readonly window?: number;
  readonly windowBytes?: number;
  readonly maxBytes?: number;
}

/** Two ends that reach each other. */
export interface Ends {
  readonly near: Transport;
  readonly far: Transport;
  /** Sends bytes as they are to an address: as a request, and as what is published. */
  readonly inject: (to: string, bytes: Uint8Array) => void;
}

export interface Subject {
  /** Requests under way to who leaves may find nobody who could say so: they end when their time is up. */
  readonly isRouted?: boolean;
  /** What is not closed by then goes when the test ends. */
  open(t: Test, limits?: Limits): Promise<Ends>;
}

const address = addressOf("w", "a worker");
const probe = "are you there?";

/** The code of what a request fails with; "" when it is answered. */
export async function codeOf(asked: () => unknown): Promise<string> {
  try {
    await asked();
    return "";
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
}

const ours = async (asked: () => unknown, code: ErrorCode): Promise<boolean> => {
  try {
    await asked();
    return false;
  } catch (error) {
    return FlowError.is(error, code);
  }
};

/** Serves at `at`, until the other end knows: in a cluster that takes a moment. */
async function serve({ near, far }: Ends, at: string, take: Take): Promise<() => void> {
  const stop = await far.serve(at, (body) => (body === probe ? "here" : take(body)));
  while ((await codeOf(async () => near.request(at, probe))) === "NO_RECEIVER");
  return stop;
}

/** The same for what is published. */
async function listen({ near, far }: Ends, to: string, hear: (body: unknown) => void, via = to) {
  const probes: unknown[] = [];
  const stop = await far.listen(to, (body) => {
    if (body === probe) probes.push(body);
    else hear(body);
  });
  while (probes.length === 0) {
    near.publish(via, probe);
    await new Promise(setImmediate);
  }
  return stop;
}

/** Resolves when what was published before was heard: requests and publications keep their order. */
async function heard(ends: Ends, at: string): Promise<void> {
  await ends.near.request(at, probe);
}

type Define = (what: string, run: (t: Test, ends: Ends) => Promise<void>, limits?: Limits) => void;

export function transportContract(t: Test, name: string, subject: Subject): void {
  const test: Define = (what, run, limits) => {
    t.test(`${name}: ${what}`, async (t) => {
      await run(t, await subject.open(t, limits));
    });
  };
  asking(test);
  failing(test, subject);
  publishing(test);
  limiting(test);
  closing(test);
}

function asking(test: Define): void {
  test("a request is answered, later too", async (t, ends) => {
    await serve(ends, address, async (body) => {
      await new Promise(setImmediate);
      return { was: body };
    });
    t.strictSame(await ends.near.request(address, { n: 1 }), { was: { n: 1 } });
    t.equal(ends.near.isConnected, true);
  });

  test("whatever the gate admits comes back", async (_, ends) => {
    await serve(ends, address, (body) => body);
    await fc.assert(
      fc.asyncProperty(fc.array(payload, { maxLength: 5 }), async (values) => {
        const admitted = values.map((value) => admit(value, "v"));
        assert.deepStrictEqual(await ends.near.request(address, admitted), admitted);
      }),
      { numRuns: 50 },
    );
  });

  test("what arrives is a copy", async (t, ends) => {
    const body = { list: [1], bytes: new Uint8Array([1]) };
    const answer = { list: [2] };
    let taken: typeof body | undefined;
    await serve(ends, address, (it) => {
      taken = it as typeof body;
      return answer;
    });
    const asked = ends.near.request(address, body);
    body.list.push(9);
    body.bytes[0] = 9;
    const got = await asked;
    answer.list.push(9);
    t.strictSame(taken, { list: [1], bytes: new Uint8Array([1]) });
    t.strictSame(got, { list: [2] });
  });

  test("requests are taken in the order they were sent, large ones too", async (t, ends) => {
    const order: number[] = [];
    await serve(ends, address, (body) => void order.push((body as { n: number }).n));
    const size = (n: number): number => (n % 50 === 7 ? 300_000 : 10);
    const sent = Array.from({ length: 500 }, (_, n) => ({ n, bytes: new Uint8Array(size(n)) }));
    await Promise.all(sent.map(async (body) => ends.near.request(address, body)));
    t.strictSame(
      order,
      sent.map(({ n }) => n),
    );
  });

  test("10,000 requests at once are all answered", async (t, ends) => {
    await serve(ends, address, (body) => (body as number) + 1);
    const numbers = Array.from({ length: 10_000 }, (_, n) => n);
    const answers = await Promise.all(numbers.map(async (n) => ends.near.request(address, n)));
    t.ok(
      answers.every((answer, n) => answer === n + 1),
      "each by its own answer",
    );
  });

  test("both ends ask each other", async (t, ends) => {
    const back: Ends = { ...ends, near: ends.far, far: ends.near };
    await serve(ends, "x.far", () => "far");
    await serve(back, "x.near", () => "near");
    t.strictSame(
      await Promise.all([ends.near.request("x.far", 1), ends.far.request("x.near", 1)]),
      ["far", "near"],
    );
  });

  test("an end may ask itself", async (t, { near }) => {
    await near.serve(address, () => "me");
    t.equal(await near.request(address, 1), "me");
  });

  test("the newer server of an address takes over, and only it ends the service", async (t, ends) => {
    const stopOlder = await serve(ends, address, () => "older");
    const stopNewer = await serve(ends, address, () => "newer");
    t.equal(await ends.near.request(address, 1), "newer");
    stopOlder();
    t.equal(await ends.near.request(address, 1), "newer");
    stopNewer();
    await until(async () => (await codeOf(async () => ends.near.request(address, 1))) !== "");
    t.ok(await ours(async () => ends.near.request(address, 1), "NO_RECEIVER"));
  });

  test("an address that was left can be served again", async (t, ends) => {
    const stop = await serve(ends, address, () => "first");
    stop();
    await serve(ends, address, () => "second");
    t.equal(await ends.near.request(address, 1), "second");
  });
}

function failing(test: Define, { isRouted = false }: Subject): void {
  test("requests under way to who leaves come to an end", async (t, ends) => {
    const stop = await serve(ends, address, () => {
      stop();
    });
    const asked = Array.from({ length: 500 }, async (_, n) =>
      codeOf(async () => ends.near.request(address, n, 2_000)),
    );
    const codes = await Promise.all(asked);
    t.equal(codes[0], "");
    const expected = ["", "NO_RECEIVER", ...(isRouted ? ["NO_ANSWER"] : [])];
    t.strictSame(
      codes.filter((code) => !expected.includes(code)),
      [],
    );
  });

  test("what a receiver throws is thrown at whoever asked, code and all", async (t, ends) => {
    await serve(ends, address, (body) => {
      if (body === 1) throw new FlowError("FENCED", { flow: "f", epoch: 1, sequence: 2 });
      throw new TypeError("not that", { cause: new Error("because") });
    });
    t.equal(await codeOf(async () => ends.near.request(address, 1)), "FENCED");
    await t.rejects(ends.near.request(address, 2), {
      name: "TypeError",
      message: "not that",
      cause: { message: "because" },
    });
  });

  test("an address that nobody serves is said at once", async (t, { near }) => {
    const started = performance.now();
    t.ok(await ours(async () => near.request("nobody.here", 1), "NO_RECEIVER"));
    t.ok(performance.now() - started < 4_000, "no time-out");
  });

  test("no answer in time", async (t, ends) => {
    await serve(ends, address, async () => new Promise(() => undefined));
    const started = performance.now();
    t.ok(await ours(async () => ends.near.request(address, 1, 120), "NO_ANSWER"));
    t.ok(performance.now() - started >= 119, "not before its time");
  });

  test("bytes that nobody of ours made change nothing", async (t, ends) => {
    const taken: unknown[] = [];
    await serve(ends, address, (body) => taken.push(body));
    await listen(ends, "p.fuzz", () => {
      throw new Error("a listener's mistake");
    });
    const frames = fc.sample(fc.uint8Array({ minLength: 1, maxLength: 200 }), 300);
    for (const bytes of frames) {
      ends.inject(address, bytes);
      ends.inject("p.fuzz", bytes);
      ends.inject("", bytes);
    }
    t.type(await ends.near.request(address, "still here"), "number");
    t.ok(taken.includes("still here"));
  });
}

function publishing(test: Define): void {
  test("what is published reaches all who listen, in order, once each", async (t, ends) => {
    await serve(ends, address, () => undefined);
    const [first, second, own]: [unknown[], unknown[], unknown[]] = [[], [], []];
    await listen(ends, "hb.w1", (body) => first.push(body));
    await listen(ends, "hb.w1", (body) => second.push(body));
    await ends.near.listen("hb.w1", (body) => {
      if (body !== probe) own.push(body);
    });
    for (let n = 0; n < 100; n++) ends.near.publish("hb.w1", { n });
    await heard(ends, address);
    const all = Array.from({ length: 100 }, (_, n) => ({ n }));
    await until(() => own.length >= 100);
    t.strictSame(first, all);
    t.strictSame(second, all);
    t.strictSame(own, all);
    t.not(first[0], second[0], "each gets a copy");
  });

  test("a last * stands for one token", async (t, ends) => {
    await serve(ends, address, () => undefined);
    const some: unknown[] = [];
    await listen(ends, "hb.*", (body) => some.push(body), "hb.w1");
    for (const to of ["hb.w1", "hb.w2", "hb", "hb.w1.x", "other.w1"]) ends.near.publish(to, to);
    await heard(ends, address);
    t.strictSame(some, ["hb.w1", "hb.w2"]);
  });

  test("who listens no more hears no more, and others still do", async (t, ends) => {
    await serve(ends, address, () => undefined);
    const [one, two]: [unknown[], unknown[]] = [[], []];
    const stop = await listen(ends, "p.x", (body) => one.push(body));
    await listen(ends, "p.x", (body) => two.push(body));
    ends.near.publish("p.x", 1);
    await heard(ends, address);
    stop();
    ends.near.publish("p.x", 2);
    await heard(ends, address);
    t.strictSame(one, [1]);
    t.strictSame(two, [1, 2]);
  });
}

function limiting(test: Define): void {
  test(
    "a full window refuses, and has room again when answers came",
    async (t, ends) => {
      const open: (() => void)[] = [];
      await serve(ends, address, async () => new Promise<void>((done) => open.push(done)));
      const asked = Array.from({ length: 8 }, async () => ends.near.request(address, 1));
      t.ok(await ours(async () => ends.near.request(address, 1), "TRANSPORT_FULL"));
      await until(() => open.length === 8);
      for (const done of open.splice(0)) done();
      await Promise.all(asked);
      const again = ends.near.request(address, 1);
      await until(() => open.length === 1);
      open[0]?.();
      t.equal(await again, undefined);
    },
    { window: 8 },
  );

  test(
    "the window counts bytes too, but never refuses the only one",
    async (t, ends) => {
      const open: (() => void)[] = [];
      await serve(ends, address, async () => new Promise<void>((done) => open.push(done)));
      const first = ends.near.request(address, new Uint8Array(150_000));
      t.ok(await ours(async () => ends.near.request(address, 1), "TRANSPORT_FULL"));
      await until(() => open.length === 1);
      open[0]?.();
      await first;
      const again = ends.near.request(address, 1);
      await until(() => open.length === 2);
      open[1]?.();
      t.equal(await again, undefined);
    },
    { windowBytes: 100_000 },
  );

  test(
    "what is too large is refused, whoever sends it",
    async (t, ends) => {
      await serve(ends, address, (body) => (body === 1 ? new Uint8Array(70_000) : undefined));
      const large = new Uint8Array(70_000);
      t.ok(await ours(async () => ends.near.request(address, large), "PAYLOAD_REFUSED"));
      t.ok(await ours(() => ends.near.publish("p.x", large), "PAYLOAD_REFUSED"));
      t.equal(await codeOf(async () => ends.near.request(address, 1)), "PAYLOAD_REFUSED");
      t.equal(await ends.near.request(address, new Uint8Array(65_000)), undefined);
    },
    { maxBytes: 65_536 },
  );

  test("the largest there may be goes both ways, and to listeners", async (t, ends) => {
    const large = new Uint8Array(ends.near.maxBytes - 100).map((_, at) => at * 7);
    await serve(ends, address, (body) => body);
    t.ok(Buffer.from(large).equals((await ends.near.request(address, large, 20_000)) as Buffer));
    const got: Uint8Array[] = [];
    await listen(ends, "p.x", (body) => got.push(body as Uint8Array));
    ends.near.publish("p.x", large);
    await until(() => got.length === 1);
    t.ok(Buffer.from(large).equals(got[0]!));
  });
}

function closing(test: Define): void {
  test("closing rejects what waits and what comes, and tells the watchers once", async (t, ends) => {
    const { near } = ends;
    const changes: boolean[] = [];
    near.watch((isConnected) => changes.push(isConnected));
    const stop = near.watch(() => t.fail("it stopped watching"));
    stop();
    await serve(ends, address, async () => new Promise(() => undefined));
    const asked = near.request(address, 1);
    const lost = ours(async () => asked, "TRANSPORT_CLOSED");
    await near[Symbol.asyncDispose]();
    t.ok(await lost);
    t.equal(near.isConnected, false);
    t.strictSame(changes, [false]);
    for (const [what, ask] of Object.entries({
      request: async () => near.request(address, 1),
      serve: async () => near.serve(address, () => 1),
      listen: async () => near.listen("p.x", () => undefined),
      publish: () => near.publish("p.x", 1),
    })) {
      t.ok(await ours(ask, "TRANSPORT_CLOSED"), what);
    }
    await near[Symbol.asyncDispose]();
    t.strictSame(changes, [false], "closing twice is closing once");
  });

  test("who closed serves no more", async (t, ends) => {
    await serve(ends, address, () => 1);
    await ends.far[Symbol.asyncDispose]();
    const ask = async (): Promise<boolean> =>
      ours(async () => ends.near.request(address, 1, 500), "NO_RECEIVER");
    await until(ask);
    t.ok(await ask());
  });

  test("what was published before closing arrives", async (t, ends) => {
    const got: unknown[] = [];
    await listen(ends, "hb.w1", (body) => got.push(body));
    const large = new Uint8Array(8_000_000);
    ends.near.publish("hb.w1", large);
    ends.near.publish("hb.w1", "gone");
    await ends.near[Symbol.asyncDispose]();
    await until(() => got.length === 2);
    t.equal((got[0] as Uint8Array).byteLength, 8_000_000);
    t.equal(got[1], "gone");
  });
}

/** Asks again and again until it is so; the runner's time-out ends it otherwise. */
async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise(setImmediate);
}
