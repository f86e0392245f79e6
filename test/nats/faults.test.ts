// What servers, networks and strangers do to a transport over NATS.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { connect } from "nats";
import t, { type Test } from "tap";
import { connectNats, type NatsOptions } from "../../lib/nats/connect.ts";
import type { NatsTransport } from "../../lib/nats/face.ts";
import { codeOf } from "../contracts/transport.ts";
import { meets, noServer, startCluster, startServer, type TestServer, until } from "./server.ts";

async function join(
  t: Test,
  servers: TestServer | readonly TestServer[],
  options: Partial<NatsOptions> = {},
): Promise<NatsTransport> {
  const urls = [servers].flat().map((server) => server.url);
  const transport = await connectNats({ servers: urls, ...options });
  t.teardown(async () => transport[Symbol.asyncDispose]());
  return transport;
}

/** Resolves when requests reach whoever serves the address. */
const reaches = async (from: NatsTransport, to: string): Promise<void> =>
  until("it is reached", async () => (await codeOf(async () => from.request(to, 1, 500))) === "");

/** A receiver may come back later than whoever asks, and what was under way is lost. */
function allTyped(t: Test, codes: readonly string[]): void {
  const others = codes.filter((code) => !["", "NO_ANSWER", "NO_RECEIVER"].includes(code));
  t.strictSame(others, [], "each is answered or fails typed");
}

const isAway = async (end: NatsTransport): Promise<void> =>
  until("the connection is away", () => !end.isConnected);

t.test("a server restarted under 1,000 requests", { skip: noServer }, async (t) => {
  const server = await startServer(t);
  const near = await join(t, server);
  const far = await join(t, server);
  const heard: unknown[] = [];
  await far.listen("hb.*", (body) => heard.push(body));
  const held: (() => void)[] = [];
  await far.serve("w.x", async (body) => {
    if (body === 1) return body;
    return new Promise((resolve) => held.push(() => resolve(body)));
  });

  for (let round = 0; round < 3; round++) {
    const asked = Array.from({ length: 1_000 }, async (_, n) =>
      codeOf(async () => {
        assert.equal(await near.request("w.x", `${round}.${n}`, 2_000), `${round}.${n}`);
      }),
    );
    await until("some are taken", () => held.length > 0);
    await server.stop(round === 1 ? "SIGTERM" : "SIGKILL");
    await Promise.all([isAway(near), isAway(far)]);
    for (const answer of held.splice(0)) answer();
    await server.start();
    const answering = setInterval(() => {
      for (const answer of held.splice(0)) answer();
    }, 5);
    allTyped(t, await Promise.all(asked));
    clearInterval(answering);
    await reaches(near, "w.x");
  }

  near.publish("hb.w1", "after");
  await until("what is published is heard again", () => heard.includes("after"));
  t.equal(await near.request("w.x", 1), 1, "and nobody had to do anything for it");
});

t.test("what is asked while the server is away", { skip: noServer }, async (t) => {
  const server = await startServer(t);
  const near = await join(t, server, { window: 6, windowBytes: 1_000_000 });
  const far = await join(t, server);
  const changes: boolean[] = [];
  near.watch((isConnected) => changes.push(isConnected));
  const taken: unknown[] = [];
  await far.serve("w.x", (body) => taken.push(body));
  await server.stop();
  await Promise.all([isAway(near), isAway(far)]);

  near.publish("hb.w1", "never told");
  t.equal(near.counts.unsent, 1, "what is published is counted, not kept");
  t.equal(await codeOf(async () => near.request("w.x", "gives up", 50)), "NO_ANSWER");
  // Far more than the window, one after the other: what was given up makes room.
  for (let n = 0; n < 10; n++) {
    t.equal(await codeOf(async () => near.request("w.x", "gives up", 1)), "NO_ANSWER");
  }
  const ask = async (n: number): Promise<string> =>
    codeOf(async () => near.request("w.x", n, 20_000));
  const asked = [1, 2, 3].map(ask);
  const large = new Uint8Array(900_000);
  const refused = near.request("w.x", [large, large], 20_000);
  t.equal(await codeOf(async () => refused), "TRANSPORT_FULL", "too many bytes");
  asked.push(...[4, 5, 6].map(ask));
  t.equal(await codeOf(async () => near.request("w.x", 7, 20_000)), "TRANSPORT_FULL");
  const serving = near.serve("w.near", () => "served while away");
  const listening = near.listen("p.x", () => undefined);

  // The receiver first, so that nobody is told that there is none.
  const first = far.serve("w.far", () => 1);
  await server.start();
  await Promise.all([serving, listening, first]);
  const codes = await Promise.all(asked);
  t.strictSame(
    taken,
    [1, 2, 3, 4, 5, 6].filter((_, at) => codes[at] === ""),
    "in order",
  );
  allTyped(t, codes);
  t.equal(await far.request("w.near", 1), "served while away");
  t.strictSame(changes, [false, true]);
});

for (const [limits, refused] of [
  [{ window: 5 }, 3],
  [{ windowBytes: 50_000 }, 6],
] as const) {
  const what = `answers that find no room while the server is away: ${JSON.stringify(limits)}`;
  t.test(what, { skip: noServer }, async (t) => {
    const server = await startServer(t);
    const near = await join(t, server);
    const far = await join(t, server, limits);
    const held: ((answer: unknown) => void)[] = [];
    await far.serve("w.x", async () => new Promise((resolve) => held.push(resolve)));
    const asked = Array.from({ length: 8 }, async () =>
      codeOf(async () => near.request("w.x", 1, 1_000)),
    );
    await until("they are taken", () => held.length === 8);
    await server.stop();
    await isAway(far);
    for (const answer of held) answer(new Uint8Array(20_000));
    await until("some are given up", () => far.counts.failed === refused);
    allTyped(t, await Promise.all(asked));
  });
}

t.test("what is handed in and throws", { skip: noServer }, async (t) => {
  const server = await startServer(t);
  const said: string[] = [];
  const end = await join(t, server, { log: (message) => said.push(message) });
  const heard: unknown[] = [];
  const fault = (): void => {
    throw new Error("a mistake");
  };
  const seen: boolean[] = [];
  end.watch(fault);
  end.watch((isConnected) => seen.push(isConnected));
  await end.listen("p.x", fault);
  await end.listen("p.x", (body) => heard.push(body));
  end.publish("p.x", 1);
  await until("the other hears it", () => heard.length === 1);
  await server.stop();
  await isAway(end);
  await server.start();
  await until("it is back", () => end.isConnected);
  t.strictSame(seen, [false, true]);
  t.equal(end.counts.failed, 3, "a listener once, a watcher twice");
  t.strictSame(said, [
    "a listener failed",
    "the connection to NATS is away",
    "a watcher of the connection failed",
    "the connection to NATS is back",
    "a watcher of the connection failed",
  ]);
});

t.test("closing while the server is away", { skip: noServer }, async (t) => {
  const server = await startServer(t);
  const end = await join(t, server);
  const changes: boolean[] = [];
  end.watch((isConnected) => changes.push(isConnected));
  await server.stop();
  await isAway(end);
  const asked = codeOf(async () => end.request("w.x", 1));
  const served = codeOf(async () => end.serve("w.y", () => 1));
  await end[Symbol.asyncDispose]();
  t.equal(await asked, "TRANSPORT_CLOSED");
  t.equal(await served, "TRANSPORT_CLOSED");
  t.strictSame(changes, [false], "it was away before");
});

t.test("a frozen server is noticed, and so is its return", { skip: noServer }, async (t) => {
  const server = await startServer(t);
  const near = await join(t, server);
  await near.serve("w.x", () => "here");
  server.signal("SIGSTOP");
  await isAway(near);
  const asked = near.request("w.x", 1, 20_000);
  server.signal("SIGCONT");
  t.equal(await asked, "here");
});

t.test("a server of a cluster dies", { skip: noServer }, async (t) => {
  const servers = await startCluster(t);
  const [one, two] = servers;
  const near = await join(t, [one!]);
  const far = await join(t, [two!]);
  await far.serve("w.x", (body) => body);
  await reaches(near, "w.x");
  const asked = Array.from({ length: 500 }, async (_, n) =>
    codeOf(async () => near.request("w.x", n, 2_000)),
  );
  await two!.stop();
  allTyped(t, await Promise.all(asked));
  await reaches(near, "w.x"); // through another server, without a word of ours
  await two!.start();
  await meets(two!, 2);
  await one!.stop();
  await reaches(near, "w.x");
  t.equal(await near.request("w.x", 5), 5);
});

t.test("an answer that was given while the server was away", { skip: noServer }, async (t) => {
  const [one, two] = await startCluster(t);
  const near = await join(t, one!);
  const far = await join(t, two!);
  let answer: ((value: unknown) => void) | undefined;
  await far.serve("w.x", async (body) => {
    if (body === 1) return body;
    return new Promise((resolve) => (answer = resolve));
  });
  await reaches(near, "w.x");
  const asked = near.request("w.x", "slow", 20_000);
  await until("it is taken", () => answer !== undefined);
  await two!.stop();
  await isAway(far);
  answer?.("kept");
  t.equal(await asked, "kept");
});

t.test("a server with small messages", { skip: noServer }, async (t) => {
  const server = await startServer(t, { config: "max_payload: 2048\n" });
  const near = await join(t, server);
  const far = await join(t, server);
  await far.serve("w.x", (body) => body);
  const body = new Uint8Array(randomBytes(500_000));
  t.same(await near.request("w.x", body), body);
  await far.serve("w.fails", () => {
    throw new Error("x".repeat(5_000));
  });
  await t.rejects(near.request("w.fails", 1), { message: "x".repeat(5_000) });
});

t.test("strangers' frames are counted and change nothing", { skip: noServer }, async (t) => {
  const server = await startServer(t);
  const near = await join(t, server);
  const far = await join(t, server);
  const stranger = await connect({ servers: server.url });
  t.teardown(async () => stranger.close());
  const subjects: string[] = [];
  stranger.subscribe("fs.>", {
    callback: (_, message) => {
      if (message.reply !== undefined) subjects.push(message.reply);
    },
  });
  await stranger.flush();
  await far.serve("w.x", (body) => body);
  await near.request("w.x", 1);
  await until("the stranger knows the inbox", () => subjects.some((it) => it !== ""));
  const inbox = subjects.find((it) => it !== "")!.replace(/\.\d+$/, "");

  const asked = Array.from({ length: 200 }, async (_, n) => near.request("w.x", n));
  for (let n = 0; n < 2_000; n++) {
    const bytes = randomBytes(1 + (n % 150));
    if (n % 2 === 0) bytes[0] = 0xc1;
    if (n % 4 === 0) bytes[1] = 1;
    stranger.publish("fs.w.x", bytes, n % 3 === 0 ? {} : { reply: `${inbox}.${9_000 + n}` });
    stranger.publish(`${inbox}.${5_000 + n}`, bytes);
    stranger.publish(`${inbox}.x`, bytes);
  }
  // An answer goes to inboxes only: elsewhere it would go with the receiver's permissions.
  const stolen: string[] = [];
  stranger.subscribe("fs.j.>", { callback: (_, { subject }) => stolen.push(subject) });
  stranger.publish("fs.w.x", Uint8Array.of(1), { reply: "fs.j.00.flow" });
  await stranger.flush();
  t.strictSame(
    await Promise.all(asked),
    asked.map((_, n) => n),
  );
  t.equal(await near.request("w.x", "fine"), "fine");
  await stranger.flush();
  t.strictSame(stolen, []);
  t.ok(far.counts.refused > 500, `${far.counts.refused} refused at the receiver`);
  t.ok(near.counts.refused > 500, `${near.counts.refused} refused at the sender`);
  t.ok(near.counts.late > 500, `${near.counts.late} came too late or were never asked for`);
  t.equal(near.counts.failed + far.counts.failed, 0);
});

t.test("a forged answer fails that one request", { skip: noServer }, async (t) => {
  const server = await startServer(t);
  const near = await join(t, server);
  const stranger = await connect({ servers: server.url });
  t.teardown(async () => stranger.close());
  for (const answer of [[0xa1], [0xc0], [0x81, 0xa7, ...Buffer.from("failure"), 0x05]]) {
    const subscription = stranger.subscribe("fs.w.x", {
      max: 1,
      callback: (_, message) => message.respond(Uint8Array.from(answer)),
    });
    await stranger.flush();
    t.equal(await codeOf(async () => near.request("w.x", 1)), "PAYLOAD_REFUSED");
    t.ok(subscription.isClosed());
  }
});

t.test("what is no address is refused before it is sent", { skip: noServer }, async (t) => {
  const server = await startServer(t);
  const end = await join(t, server);
  for (const address of ["", "a..b", "a.*", "w.>", "a b", "a\r\nPING", "x".repeat(2_000)]) {
    t.equal(await codeOf(async () => end.request(address, 1)), "INVALID_OPTION", address);
    t.equal(await codeOf(() => end.publish(address, 1)), "INVALID_OPTION");
    t.equal(await codeOf(async () => end.serve(address, () => 1)), "INVALID_OPTION");
  }
  for (const pattern of [">", "*", "a.*.b", "a.>", "*.*"]) {
    t.equal(await codeOf(async () => end.listen(pattern, () => 1)), "INVALID_OPTION", pattern);
  }
  t.equal(await codeOf(async () => end.request("w.x", 1)), "NO_RECEIVER", "it still works");
});
