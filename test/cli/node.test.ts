// Worker nodes as processes of their own, and flows that run on them.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { toPromise } from "xstate";
import { node } from "../../actors/node.ts";
import { connectNats } from "../../lib/nats/connect.ts";
import { noServer, startServer, type TestServer } from "../nats/server.ts";
import { document, fourstroke, openGate, ranIn, type Running, start } from "./fourstroke.ts";

// Dozens of processes take their time on a busy machine.
t.setTimeout(180_000);

const file = join(import.meta.dirname, "fixtures/remote.js");

/** A node in a folder of its own below `cwd`, once it is ready. */
async function startNode(
  t: Test,
  cwd: string,
  name: string,
  { url }: TestServer,
  ...more: readonly string[]
): Promise<{ readonly folder: string; readonly node: Running }> {
  const folder = join(cwd, name);
  mkdirSync(folder);
  const node = start(folder, ["node", file, "--nats", url, "--name", name, ...more]);
  t.teardown(() => {
    node.signal("SIGKILL");
  });
  await node.until("it is ready", () => node.stdout.includes("ready"));
  return { folder, node };
}

t.test("a flow runs on the nodes that serve its tasks", { skip: noServer }, async (t) => {
  const server = await startServer(t);
  const cwd = t.testdir();
  const one = await startNode(t, cwd, "one", server, "--concurrency", "2");
  const two = await startNode(t, cwd, "two", server, "--concurrency", "2");
  t.match(one.node.stdout, /^ready {2}one {2}2 slots, 63 tasks: .* {2}one\.[0-9a-f]{8}\n/);
  const workers = ["--engine", "workers", "--nats", server.url];

  const { code, json } = await document(cwd, ["run", `${file}#many`, ...workers]);
  t.equal(code, 0, "SUCCESS");
  t.equal(json.state, "SUCCESS");
  const ran = [one, two].map(({ folder }) => ranIn(folder));
  t.strictSame(
    ran.flat().sort(),
    Array.from({ length: 60 }, (_, n) => `part-${n}`).sort(),
    "each once",
  );
  t.ok(
    ran.every(({ length }) => length > 5),
    "both have worked",
  );
  for (const { node } of [one, two]) node.signal("SIGTERM");
  for (const [at, { node }] of [one, two].entries()) {
    const ended = await node.ended;
    t.equal(ended.code, 0);
    t.match(ended.stdout, `ended  ${ran[at]?.length} done, nothing left\n`);
  }
});

t.test("a task that blocks for three leases is no death", { skip: noServer }, async (t) => {
  const server = await startServer(t);
  const cwd = t.testdir();
  const lease = ["--lease-ms", "1000"];
  const { folder } = await startNode(t, cwd, "one", server, "--concurrency", "1", ...lease);
  const args = ["run", `${file}#busy`, "--id", "b", "--nats", server.url, ...lease];
  const { code, stderr } = await fourstroke(cwd, args);
  t.equal(code, 0);
  t.notMatch(stderr, /gone|lost/);
  t.strictSame(ranIn(folder), ["blocks", "named"], "each once");
  const { json } = await document(cwd, ["show", "b"]);
  t.strictSame(
    json.atoms.map(({ name, attempt }) => [name, attempt]),
    [
      ["blocks", 1],
      ["named", 1],
    ],
  );
});

t.test("what a drained node leaves is done by another", { skip: noServer }, async (t) => {
  const server = await startServer(t);
  const cwd = t.testdir();
  const one = await startNode(t, cwd, "one", server, "--drain-ms", "200");
  const running = start(cwd, ["run", `${file}#gated`, "--id", "g", "--nats", server.url]);
  await one.node.until("it runs", () => ranIn(one.folder).includes("held"));
  const two = await startNode(t, cwd, "two", server);
  openGate(two.folder);
  one.node.signal("SIGTERM");
  const left = await one.node.ended;
  t.equal(left.code, 10);
  t.match(left.stdout, /draining {2}1 running, 0 not yet recorded; 200 ms at most/);
  t.match(left.stdout, "ended  0 done, 1 left to others:\n  g/held/execute/1\n");
  t.equal((await running.ended).code, 0);
  t.strictSame(ranIn(two.folder), ["held", "named"]);
});

t.test("a second signal stops a node at once", { skip: noServer }, async (t) => {
  const server = await startServer(t);
  const cwd = t.testdir();
  const { node, folder } = await startNode(t, cwd, "one", server, "--json");
  t.match(JSON.parse(node.stdout), { event: "ready", name: "one", tasks: [{ version: 1 }] });
  const running = start(cwd, ["run", `${file}#gated`, "--id", "g", "--nats", server.url]);
  t.teardown(() => {
    running.signal("SIGKILL");
  });
  await node.until("it runs", () => ranIn(folder).includes("held"));
  node.signal("SIGINT");
  await node.until("it says so", () => node.stdout.includes('"event":"draining"'));
  node.signal("SIGINT");
  const { code, stdout } = await node.ended;
  t.equal(code, 130);
  t.match(JSON.parse(stdout.trimEnd().split("\n").at(-1)!), {
    event: "error",
    code: "INTERRUPTED",
  });
});

t.test("a node comes back by itself when its server was away", { skip: noServer }, async (t) => {
  const server = await startServer(t);
  const cwd = t.testdir();
  const { node } = await startNode(t, cwd, "one", server);
  await server.stop();
  await node.until("it says so", () => node.stdout.includes("the connection to NATS is away"));
  await server.start();
  await node.until("it is back", () => node.stdout.includes("the connection to NATS is back"));
  const { code, json } = await document(cwd, ["run", `${file}#away`, "--nats", server.url]);
  t.equal(code, 0);
  t.match(json.results, { where: join(cwd, "one") });
  t.match(json, { name: "away" });
});

t.test("resume remembers the server, and finds what went on", { skip: noServer }, async (t) => {
  const server = await startServer(t);
  const cwd = t.testdir();
  const one = await startNode(t, cwd, "one", server);
  const named = server.url.replace("//", "//user:secret@");
  const lease = ["--lease-ms", "500"];
  const running = start(cwd, ["run", `${file}#gated`, "--id", "g", "--nats", named, ...lease]);
  await one.node.until("it runs", () => ranIn(one.folder).includes("held"));
  running.signal("SIGKILL");
  await running.ended;
  const { json } = await document(cwd, ["show", "g"]);
  t.match(json.meta, { engine: "workers", nats: server.url, leaseMs: "500" });
  t.notMatch(JSON.stringify(json), "secret");
  openGate(one.folder);
  t.equal((await fourstroke(cwd, ["resume", "g"])).code, 0);
  t.strictSame(ranIn(one.folder), ["held", "named"], "the conductor's death was no fault of it");
});

t.test("other nodes have flows and actors made on it", { skip: noServer }, async (t) => {
  const server = await startServer(t);
  const cwd = t.testdir();
  const { node: far, folder } = await startNode(t, cwd, "one", server, "--role", "worker,place");
  await far.until("it has said all", () => far.stdout.includes("n.one."));
  t.match(
    far.stdout,
    /^ready {2}one {2}as worker, place, to make: away, busy, gated, many, tally {2}n\.one\./m,
  );
  const transport = await connectNats({ servers: server.url, role: "node" });
  const near = await node({ name: "near", transport });
  t.teardown(async () => {
    await near.close();
    await transport[Symbol.asyncDispose]();
  });
  const tally = await near.spawn("tally", { on: "place", id: "t" });
  tally.send({ type: "INC" });
  t.strictSame(await tally.ask({ type: "GET" }), { type: "is", n: 1 });
  t.equal((await near.lookup("t")).address, tally.address);
  const away = await near.spawn("away", { on: "place", id: "a" });
  t.strictSame(await toPromise(away as never), { where: folder });
  const { json } = await document(folder, ["show", "a"]);
  t.equal(json.state, "SUCCESS", "it has a journal there");

  const gated = await near.spawn("gated", { on: "one", id: "g" });
  gated.subscribe({ error: () => undefined });
  const downs: unknown[] = [];
  for (const ref of [tally, gated]) ref.watch(({ reason }) => downs.push(reason));
  await far.until("it runs", () => ranIn(folder).includes("held"));
  far.signal("SIGTERM");
  await far.until("it says so", () => far.stdout.includes("draining"));
  openGate(folder);
  t.equal((await far.ended).code, 0);
  t.strictSame(downs.sort(), ["error", "stopped"]);
  t.equal((await fourstroke(folder, ["resume", "g", `${file}#gated`])).code, 0, "it was suspended");
});

t.test(
  "the server's end is the node's, when it does not let it in again",
  { skip: noServer },
  async (t) => {
    const users = (password: string): string =>
      `authorization { user: me, password: ${password} }\n`;
    const server = await startServer(t, { config: users("one") });
    const cwd = t.testdir({ secret: "one\n" });
    const args = ["--user", "me", "--password-file", join(cwd, "secret")];
    const { node: far } = await startNode(t, cwd, "n", server, ...args);
    await server.stop();
    server.configure(users("other"));
    await server.start();
    const { code, stderr } = await far.ended;
    t.equal(code, 11);
    t.match(stderr, /error: the transport is closed: .*/);
  },
);

t.test("an actor that blocks for three leases is no death", { skip: noServer }, async (t) => {
  const server = await startServer(t);
  const cwd = t.testdir();
  const far = await startNode(t, cwd, "one", server, "--role", "place", "--lease-ms", "1000");
  const transport = await connectNats({ servers: server.url, role: "node" });
  const near = await node({ name: "near", transport, leaseMs: 1_000 });
  t.teardown(async () => {
    await near.close();
    await transport[Symbol.asyncDispose]();
  });
  const tally = await near.spawn("tally", { on: "place" });
  const downs: unknown[] = [];
  tally.watch((down) => downs.push(down));
  tally.send({ type: "BLOCK", ms: 3_000 });
  tally.send({ type: "INC" });
  t.strictSame(await tally.ask({ type: "GET" }, 10_000), { type: "is", n: 1 });
  t.strictSame(downs, []);
  far.node.signal("SIGTERM");
  t.match(await far.node.ended, { code: 0, stdout: "ended  0 done, nothing left\n" });
});

for (const engine of ["threads", "processes"]) {
  t.test(`a flow runs on ${engine}, and goes on there`, async (t) => {
    const cwd = t.testdir();
    const running = start(cwd, ["run", `${file}#gated`, "--id", "g", "--engine", engine]);
    await running.untilRan("held");
    running.signal("SIGINT");
    await running.until("it says so", () => running.stderr.includes("suspending"));
    openGate(cwd);
    t.equal((await running.ended).code, 5);
    const { code, json } = await document(cwd, ["resume", "g"]);
    t.equal(code, 0);
    t.match(json.results, { where: cwd });
    t.strictSame(ranIn(cwd), ["held", "named"]);
    const { json: shown } = await document(cwd, ["show", "g"]);
    t.equal(shown.meta["engine"], engine);
  });
}

t.test("a node that can't work says why", async (t) => {
  const cwd = t.testdir({ "none.mjs": "export const count = 1;", "bad.mjs": "export const = 1;" });
  const nats = ["--nats", "nats://127.0.0.1:9"];
  const cases = [
    [["node", file], 2, /node needs --nats URL/],
    [["node"], 2, /missing required argument 'files'/],
    [["node", "none.mjs", ...nats], 2, /none\.mjs: no task or flow is exported/],
    [["node", "missing.mjs", ...nats], 2, /no file "missing\.mjs"/],
    [["node", "bad.mjs", ...nats], 7, /can't load bad\.mjs/],
    [["node", file, ...nats], 11, /no server at 127\.0\.0\.1:9/],
    [["node", file, "--nats", "http://x"], 2, /--nats is no nats: or tls: URL, but http:/],
    [
      ["node", file, ...nats, "--seed-file", "no.nk"],
      2,
      /--seed-file: can't read no\.nk \(ENOENT\)/,
    ],
    [["node", "none.mjs", ...nats, "--role", "x"], 2, /no task, flow or actor logic is exported/],
    [["node", file, ...nats, "--role", "x,,y"], 2, /expected names with commas between/],
    [["node", file, ...nats, "--lease-ms", "9"], 2, /a whole number from 100 to/],
    [["run", `${file}#away`, ...nats], 11, /no server at/],
    [["run", `${file}#away`, "--engine", "workers"], 2, /--engine workers needs --nats URL/],
    [["run", `${file}#away`, "--engine", "serial", ...nats], 2, /serial has no use for it/],
  ] as const;
  const ended = await Promise.all(cases.map(([args]) => fourstroke(cwd, args)));
  for (const [at, [args, code, message]] of cases.entries()) {
    t.equal(ended[at]?.code, code, args.join(" "));
    t.match(ended[at]?.stderr, message);
  }
  const { stdout, code } = await fourstroke(cwd, ["node", file, "--json"]);
  t.equal(code, 2);
  t.match(JSON.parse(stdout), { event: "error", code: "USAGE" }, "in one line");
});
