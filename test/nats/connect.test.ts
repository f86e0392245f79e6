// How connecting fails, and that it says so without secrets.
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import t, { type Test } from "tap";
import { reservePorts } from "../../examples/cluster/ports.ts";
import { FlowError } from "../../lib/errors.ts";
import { connectNats, type NatsOptions } from "../../lib/nats/connect.ts";
import { noServer, startServer, until } from "./server.ts";

async function failure(options: NatsOptions): Promise<FlowError> {
  try {
    const transport = await connectNats(options);
    await transport[Symbol.asyncDispose]();
  } catch (error) {
    if (error instanceof FlowError) return error;
    throw error;
  }
  throw new Error("it connected");
}

/** Takes connections, and lets go of them when the test ends. */
async function listen(t: Test, welcome: (socket: Socket) => void): Promise<string> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on("error", () => undefined);
    welcome(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Says that it is a server of that version, and little else. */
const fakeServer = async (t: Test, version: string): Promise<string> =>
  listen(t, (socket) => {
    socket.write(`INFO ${JSON.stringify({ version, max_payload: 1_000, headers: true })}\r\n`);
    socket.on("data", (bytes) => {
      if (bytes.includes("PING")) socket.write("PONG\r\n");
    });
  });

t.test("a server that is not there", async (t) => {
  const [port] = await reservePorts(1);
  const error = await failure({ servers: `nats://me:secret@127.0.0.1:${port}` });
  t.equal(error.code, "SERVER_UNREACHABLE");
  t.equal(error.message, `no server at 127.0.0.1:${port}: CONNECTION_REFUSED`);
});

t.test("a server that says nothing", async (t) => {
  const servers = await listen(t, () => undefined);
  const error = await failure({ servers, connectMs: 100 });
  t.equal(error.code, "SERVER_UNREACHABLE");
});

t.test("servers that are too old", async (t) => {
  const old = await fakeServer(t, "2.9.25");
  const error = await failure({ servers: old });
  t.equal(error.code, "SERVER_TOO_OLD");
  t.equal(error.message, `the server at ${old} is of version 2.9.25; 2.10 or later is needed`);
  t.equal((await failure({ servers: await fakeServer(t, "1.4.1") })).code, "SERVER_TOO_OLD");
});

t.test("credentials", { skip: noServer }, async (t) => {
  const config = 'authorization { users: [{ user: "me", password: "p@ss:word" }] }\n';
  const server = await startServer(t, { config });
  const host = `127.0.0.1:${server.port}`;
  for (const options of [
    { servers: server.url },
    { servers: server.url, user: "me", password: "hunter2" },
    { servers: `nats://me:hunter2@${host}` },
  ]) {
    const error = await failure(options);
    t.equal(error.code, "CREDENTIALS_REFUSED");
    t.match(error.message, `the server at ${host} refuses the credentials`);
    t.notMatch(JSON.stringify([error.message, error.about]), "hunter2");
  }
  for (const options of [
    { servers: server.url, user: "me", password: "p@ss:word" },
    { servers: `nats://me:p%40ss%3Aword@${host}` },
    { servers: host, user: "me", password: "p@ss:word" },
  ]) {
    const transport = await connectNats(options);
    t.equal(transport.isConnected, true);
    await transport[Symbol.asyncDispose]();
  }
});

t.test("credentials that hold no more end the transport", { skip: noServer }, async (t) => {
  const config = (password: string): string =>
    `authorization { users: [{ user: "me", password: "${password}" }] }\n`;
  const server = await startServer(t, { config: config("one") });
  const transport = await connectNats({ servers: server.url, user: "me", password: "one" });
  await server.stop();
  await until("it is away", () => !transport.isConnected);
  const asked = transport.request("w.x", 1, 20_000).catch((error: unknown) => error);
  server.configure(config("two"));
  await server.start();
  t.match(await asked, { code: "TRANSPORT_CLOSED", message: /Authorization Violation/i });
});

t.test("an inbox that is not allowed", { skip: noServer }, async (t) => {
  const config = `authorization { users: [
    { user: "me", password: "x", permissions: { subscribe: "fs.inbox.worker.>" } }
  ] }\n`;
  const server = await startServer(t, { config });
  const me = { servers: server.url, user: "me", password: "x" };
  const error = await failure({ ...me, role: "engine" });
  t.equal(error.code, "FORBIDDEN");
  t.match(error.message, /^these credentials don't allow to subscribe to fs\.inbox\.engine\./);
  const transport = await connectNats({ ...me, role: "worker" });
  await transport[Symbol.asyncDispose]();
});

t.test("options that can't be", async (t) => {
  const seed = "SUANOTASEEDATALL";
  for (const [options, problem] of [
    [{ servers: [] }, 'option "servers": names none'],
    [{ servers: "http://x" }, 'option "servers": is no nats: or tls: URL, but http:'],
    [{ servers: "nats://me:secret@" }, 'option "servers": is no URL such as nats://127.0.0.1:4222'],
    [{ servers: "nats://h:99999" }, 'option "servers": is no URL such as nats://127.0.0.1:4222'],
    [{ servers: "nats://%E0:x@h" }, 'option "servers": is no URL such as nats://127.0.0.1:4222'],
    [{ servers: "h", seed }, 'option "seed": is no seed of an nkey'],
    [{ servers: "h", prefix: "a b" }, /^option "prefix": "a b" is no list of tokens/],
    [{ servers: "h", prefix: "a.>" }, /^option "prefix": "a.>" is no list of tokens/],
  ] as const) {
    const error = await failure(options);
    t.equal(error.code, "INVALID_OPTION");
    t.match(error.message, problem);
    t.notMatch(error.message, seed);
  }
});

t.test("transports of two prefixes don't hear each other", { skip: noServer }, async (t) => {
  const server = await startServer(t);
  const one = await connectNats({ servers: server.url, prefix: "one" });
  const two = await connectNats({ servers: server.url, prefix: "one.two", name: "two" });
  await one.serve("w.x", () => "one");
  t.equal(await one.request("w.x", 1), "one");
  await t.rejects(two.request("w.x", 1), { code: "NO_RECEIVER" });
  await one[Symbol.asyncDispose]();
  await two[Symbol.asyncDispose]();
});
