// What NATS's own service discovery sees of a node, by raw requests and by NATS's own client.
import { connect, type NatsConnection } from "nats";
import t, { type Test } from "tap";
import { connectNats } from "../../lib/nats/connect.ts";
import { plainName, Tally } from "../../lib/nats/discovery.ts";
import type { NatsTransport, Service } from "../../lib/nats/face.ts";
import { noServer, startServer, type TestServer } from "./server.ts";

const semver = /^\d+\.\d+\.\d+$/;
const name = /^[a-zA-Z0-9_-]+$/;

function service(id: string, more: Partial<Service> = {}): Service {
  const counts = new Tally();
  counts.add(2, undefined);
  counts.add(4, { name: "Error", message: "no capacity" });
  return {
    name: "fs",
    id,
    version: "1.2.3",
    description: "a node",
    metadata: { node: "one" },
    endpoints: [
      { name: "boot", subject: "fs.w.one", metadata: { task: "boot" }, counts },
      { name: "stop", subject: "fs.w.one", metadata: {}, counts: new Tally() },
    ],
    ...more,
  };
}

async function open(
  t: Test,
  server: TestServer,
): Promise<{ transport: NatsTransport; client: NatsConnection }> {
  const transport = await connectNats({ servers: server.url });
  const client = await connect({ servers: server.url });
  t.teardown(async () => {
    await transport[Symbol.asyncDispose]();
    await client.close();
  });
  return { transport, client };
}

/** All answers to a raw request. */
async function ask(client: NatsConnection, subject: string): Promise<Record<string, unknown>[]> {
  const found: Record<string, unknown>[] = [];
  try {
    const answers = await client.requestMany(subject, "", { maxWait: 200 });
    for await (const answer of answers) found.push(answer.json());
  } catch (error) {
    if ((error as { code?: string }).code !== "503") throw error; // nobody is there
  }
  return found;
}

t.test("a service is pinged, described and counted", { skip: noServer }, async (t) => {
  const server = await startServer(t);
  const { transport, client } = await open(t, server);
  const stop = await transport.announce(service("one"));
  const common = { name: "fs", id: "one", version: "1.2.3", metadata: { node: "one" } };
  for (const whom of ["", ".fs", ".fs.one"]) {
    const [ping] = await ask(client, `$SRV.PING${whom}`);
    t.strictSame(ping, { type: "io.nats.micro.v1.ping_response", ...common });
    const [info] = await ask(client, `$SRV.INFO${whom}`);
    t.strictSame(info, {
      type: "io.nats.micro.v1.info_response",
      ...common,
      description: "a node",
      endpoints: [
        { name: "boot", subject: "fs.w.one", queue_group: "", metadata: { task: "boot" } },
        { name: "stop", subject: "fs.w.one", queue_group: "", metadata: {} },
      ],
    });
    const [stats] = await ask(client, `$SRV.STATS${whom}`);
    const about = { subject: "fs.w.one", queue_group: "" };
    t.match(stats?.["started"], /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    t.strictSame(stats, {
      type: "io.nats.micro.v1.stats_response",
      ...common,
      started: stats?.["started"],
      endpoints: [
        {
          name: "boot",
          ...about,
          num_requests: 2,
          num_errors: 1,
          last_error: "no capacity",
          processing_time: 6_000_000,
          average_processing_time: 3_000_000,
        },
        {
          name: "stop",
          ...about,
          num_requests: 0,
          num_errors: 0,
          last_error: "",
          processing_time: 0,
          average_processing_time: 0,
        },
      ],
    });
  }
  t.strictSame(await ask(client, "$SRV.PING.other"), []);
  t.strictSame(await ask(client, "$SRV.PING.fs.two"), []);
  stop();
  await client.flush();
  t.strictSame(await ask(client, "$SRV.PING"), [], "it was taken away");
});

t.test("NATS's own client finds it, also after a restart", { skip: noServer }, async (t) => {
  const server = await startServer(t);
  const { transport } = await open(t, server);
  await transport.announce(service("one"));
  await transport.announce(service("two"));
  await server.stop();
  await server.start();
  while (!transport.isConnected) await new Promise(setImmediate);
  const { client } = await open(t, server);
  const found: string[] = [];
  for await (const { id } of await client.services.client().ping("fs")) found.push(id);
  t.strictSame(found.sort(), ["one", "two"]);
  for await (const stats of await client.services.client().stats("fs", "one")) {
    t.match(stats, { id: "one", endpoints: [{ name: "boot", num_requests: 2 }, {}] });
  }
});

t.test("answers go to inboxes only, and in one message", { skip: noServer }, async (t) => {
  const server = await startServer(t);
  const { transport, client } = await open(t, server);
  const [endpoint] = service("one").endpoints;
  const endpoints = Array.from({ length: 5_000 }, (_, n) => ({ ...endpoint!, name: `task-${n}` }));
  await transport.announce(service("one", { endpoints }));
  const [info] = await ask(client, "$SRV.INFO");
  const shown = (info as { endpoints: { name: string }[] }).endpoints;
  t.ok(shown.length > 1_000 && shown.length < 5_000, `${shown.length} are shown`);
  t.equal(shown[0]?.name, "task-0");
  let came = 0;
  const subscription = client.subscribe("fs.f.>", { callback: () => came++ });
  client.publish("$SRV.PING", "", { reply: "fs.f.00.flow" });
  await ask(client, "$SRV.PING");
  t.equal(came, 0, "a stranger can't have it publish where only it may");
  subscription.unsubscribe();
});

t.test("any name becomes one that services may have", async (t) => {
  for (const odd of ["", "a.b", "*", ">", "ünï", "with space", "ok-1_"])
    t.match(plainName(odd), name);
  t.equal(plainName("ok-1_"), "ok-1_");
});

t.test("a node of the command line is shown with its tasks", { skip: noServer }, async (t) => {
  const server = await startServer(t);
  const { client } = await open(t, server);
  const { join } = await import("node:path");
  const { fourstroke, start } = await import("../cli/fourstroke.ts");
  const file = join(import.meta.dirname, "../cli/fixtures/remote.js");
  const cwd = t.testdir();
  const args = ["node", file, "--nats", server.url, "--name", "my node", "--prefix", "x.y"];
  const running = start(cwd, args);
  t.teardown(() => {
    running.signal("SIGKILL");
  });
  await running.until("it is ready", () => running.stdout.includes("ready"));
  const [ping] = await ask(client, "$SRV.PING.x_y");
  t.match(ping, { name: "x_y", id: /^my_node-[0-9a-f]{8}$/, version: semver });
  const run = ["run", `${file}#many`, "--nats", server.url, "--prefix", "x.y"];
  t.equal((await fourstroke(cwd, run)).code, 0);
  const [stats] = await ask(client, "$SRV.STATS.x_y");
  const { endpoints } = stats as { endpoints: { name: string; num_requests: number }[] };
  const many = endpoints.filter((it) => it.name.startsWith("part-"));
  t.equal(many.length, 60);
  t.ok(
    many.every((it) => it.num_requests === 1),
    "each has run once",
  );
  t.match(endpoints[0], { subject: /^x\.y\.w\.my=0020node\.[0-9a-f]{8}$/ });
});
