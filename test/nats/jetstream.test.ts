// The layer beneath journals and jobboards, on real servers.
import t, { type Test } from "tap";
import { connectNats, type NatsOptions } from "../../lib/nats/connect.ts";
import type { NatsTransport } from "../../lib/nats/face.ts";
import { isRefused, JetStream, jetStreamErrors } from "../../lib/nats/jetstream.ts";
import { type Seen, watch } from "../../lib/nats/watch.ts";
import { noServer, startServer, type TestServer, until } from "./server.ts";

async function join(t: Test, server: TestServer, options: Partial<NatsOptions> = {}) {
  const transport: NatsTransport = await connectNats({ servers: server.url, ...options });
  t.teardown(async () => transport[Symbol.asyncDispose]());
  return new JetStream(transport);
}

const stream = { name: "S", subjects: ["s.>"], num_replicas: 1 };

async function refusalOf(asked: Promise<unknown>): Promise<unknown> {
  return asked.then(
    () => "done",
    (error: unknown) => error,
  );
}

t.test("publish with a fence, and read from the leader", { skip: noServer }, async (t) => {
  const js = await join(t, await startServer(t));
  await js.check();
  await js.ensureStream(stream);
  await js.ensureStream(stream);
  const body = Buffer.from([0, 1, 255]);
  const first = await js.publish("s.a", body, { expected: 0, headers: { "Fs-X": "é 1" } });
  await js.publish("s.b", body);
  const third = await js.publish("s.a", Buffer.from("2"), { expected: first });
  const wrong = await refusalOf(js.publish("s.a", body, { expected: first }));
  t.ok(isRefused(wrong, ...jetStreamErrors.wrongLastSequence), String(wrong));
  const last = await js.last("S", "s.a");
  t.match(last, { subject: "s.a", sequence: third });
  t.equal(last?.data.toString(), "2");
  const got = await js.get("S", first);
  t.strictSame(got?.data, body);
  t.equal(got?.headers.get("Fs-X"), "é 1");
  t.equal((await js.next("S", "s.*", first + 1))?.subject, "s.b");
  t.equal(await js.last("S", "s.none"), undefined);
  t.equal(await js.get("S", 99), undefined);
  t.equal(await js.purge("S", "s.a"), 2);
  t.equal(await js.last("S", "s.a"), undefined);
});

t.test("many messages of one subject among others", { skip: noServer }, async (t) => {
  const js = await join(t, await startServer(t));
  await js.ensureStream(stream);
  const sent = Array.from({ length: 500 }, async (_, n) =>
    js.publish(n % 3 === 0 ? "s.other" : "s.a", Buffer.from(String(n))),
  );
  const all = await Promise.all(sent);
  const own = all.filter((_, n) => n % 3 !== 0);
  const [first = 0, last = 0] = [own[0], own.at(-1)];
  const found = await js.between("S", "s.a", first, last);
  t.strictSame(
    found.map(({ sequence }) => sequence),
    own,
  );
  t.strictSame(await js.between("S", "s.none", 1, last), []);
});

t.test("what can't be used is said", { skip: noServer }, async (t) => {
  const js = await join(t, await startServer(t));
  t.match(await refusalOf(js.publish("nowhere", Buffer.from("x"))), {
    code: "JETSTREAM_UNAVAILABLE",
    message: /^JetStream can't be used: nobody answers nowhere/,
  });
  t.match(await refusalOf(js.api("STREAM.INFO.none")), {
    code: "JETSTREAM_REFUSED",
    message: "JetStream refuses STREAM.INFO.none: stream not found (error 10059)",
  });
  await js.ensureStream(stream);
  t.match(await refusalOf(js.ensureStream({ ...stream, subjects: ["z"] })), {
    code: "ALREADY_EXISTS",
    message: /^stream "S" is in s\.> and in z/,
  });
  const large = new Uint8Array(1_048_576);
  t.match(await refusalOf(js.publish("s.a", large)), { code: "PAYLOAD_REFUSED" });
  t.throws(() => new JetStream({} as NatsTransport), { code: "INVALID_OPTION" });
  const without = await startServer(t, { config: "jetstream: disabled\n" });
  t.match(await refusalOf((await join(t, without)).check()), { code: "JETSTREAM_UNAVAILABLE" });
});

t.test("a watch over a server that dies", { skip: noServer }, async (t) => {
  const server = await startServer(t);
  const js = await join(t, server);
  const other = await join(t, server);
  await js.ensureStream(stream);
  const put = async (subject: string, text: string): Promise<void> =>
    until(
      "it is stored",
      async () => (await refusalOf(other.publish(subject, Buffer.from(text)))) === "done",
    );
  for (const [subject, text] of [
    ["s.a", "1"],
    ["s.b", "1"],
    ["s.a", "2"],
  ] as const) {
    await put(subject, text);
  }
  const seen: string[] = [];
  const take = ({ subject, data }: Seen): void => {
    seen.push(`${subject}=${Buffer.from(data).toString()}`);
  };
  const stop = await watch(js, {
    stream: "S",
    subjects: ["s.*"],
    take,
    caughtUp: () => seen.push("caught up"),
  });
  await until("it has caught up", () => seen.includes("caught up"));
  t.strictSame(seen.splice(0), ["s.b=1", "s.a=2", "caught up"], "the last of each subject");
  await put("s.c", "1");
  await until("it follows", () => seen.length === 1);
  for (let n = 2; n < 5; n++) {
    await server.stop();
    await server.start();
    await put("s.c", String(n));
  }
  await until("it goes on", () => seen.length === 4);
  t.strictSame(seen.splice(0), ["s.c=1", "s.c=2", "s.c=3", "s.c=4"], "none twice, none left out");
  const many = Array.from({ length: 3_000 }, async (_, n) =>
    other.publish(`s.m${n % 7}`, Buffer.from(String(n))),
  );
  await Promise.all(many);
  await until("all are seen", () => seen.length === 3_000);
  t.ok(
    seen.every((it, n) => it === `s.m${n % 7}=${n}`),
    "in order",
  );
  stop();
  await put("s.c", "9");
  await other.inside.connection.settled();
  t.equal(seen.length, 3_000, "not after it was stopped");
});
