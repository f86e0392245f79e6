// nats.conf as it is delivered: what each role may do, and what not, asked of a real server.
import { setImmediate as turn } from "node:timers/promises";
import { connect, type NatsConnection, nkeyAuthenticator } from "nats";
import t from "tap";
import { FlowError } from "../../lib/errors.ts";
import { connectNats } from "../../lib/nats/connect.ts";
import { natsJournal, type NatsJournal } from "../../lib/nats/journal.ts";
import { codeOf } from "../contracts/journal.ts";
import { begin, next } from "../journal/batches.ts";
import { natsJobboard } from "../../lib/nats/jobboard.ts";
import {
  install,
  type Installation,
  newUser,
  type Role,
  roles,
  skip,
  transport,
} from "./installation.ts";
import { until } from "./server.ts";

/** What the server refused a connection, as `publish fs.x`. */
class Client {
  readonly nats: NatsConnection;
  readonly refused = new Set<string>();

  constructor(nats: NatsConnection) {
    this.nats = nats;
    void this.#follow();
  }

  static async join({ server, ca, seeds }: Installation, role: Role): Promise<Client> {
    const authenticator = nkeyAuthenticator(new TextEncoder().encode(seeds[role]));
    return new Client(await connect({ servers: server.url, tls: { ca }, authenticator }));
  }

  /** Resolves when the server has said what it refuses. */
  async settled(): Promise<void> {
    await this.nats.flush();
    await turn(); // complaints come by way of an iterator
  }

  async #follow(): Promise<void> {
    for await (const { permissionContext: about } of this.nats.status()) {
      if (about === undefined) continue;
      const operation = about.operation === "publish" ? "publish" : "subscribe";
      this.refused.add(`${operation} ${about.subject}`);
    }
  }
}

/** For each subject who may publish there, and who may subscribe to it. Nobody else may. */
const matrix: readonly (readonly [subject: string, publish: string, subscribe: string])[] = [
  ["fs.w.worker-1.x", "engine", "engine worker"],
  ["fs.w.worker-1", "engine", "engine"],
  ["fs.w.worker-2.x", "engine", "engine"],
  ["fs.w.*", "", "engine"],
  ["fs.w.>", "", "engine"],
  ["fs.e.engine-1", "engine worker", "engine"],
  ["fs.f.a7.flow-1", "engine worker node client operator", "engine"],
  ["fs.p.a7.flow-1", "engine worker", "engine inspector operator"],
  ["fs.hb.worker-1", "engine worker", "engine node inspector operator"],
  ["fs.hb.worker-2", "engine", "engine node inspector operator"],
  ["fs.hb.node-1", "engine node", "engine node inspector operator"],
  ["fs.hb.*", "", "engine node inspector operator"],
  ["fs.who.all", "engine node inspector operator", "engine worker node"],
  ["fs.a.node-1.i1.actor", "engine node", "engine node"],
  ["fs.a.node-2.i1.actor", "engine node", "engine"],
  ["fs.n.node-1.i1", "engine node", "engine node"],
  ["fs.n.node-2.i1", "engine node", "engine"],
  ["fs.j.a7.flow-1", "engine", "engine"],
  ["fs.b.flow-1.hash.0", "engine worker", "engine"],
  ["fs.inbox.engine.x.1", "engine worker node", "engine"],
  ["fs.inbox.worker.x.1", "engine", "engine worker"],
  ["fs.inbox.node.x.1", "engine node", "engine node"],
  ["fs.inbox.client.x.1", "engine node", "engine client operator"],
  ["fs.inbox.inspector.x.1", "engine", "engine inspector operator"],
  ["fs.inbox.operator.x.1", "engine", "engine operator"],
  ["fs.inbox.*.*.*", "", "engine"],
  ["_INBOX.x", "engine worker node", "engine inspector operator"],
  ["$SRV.PING", "engine inspector operator", "engine worker node"],
  ["$SRV.INFO.fourstroke", "engine inspector operator", "engine worker node"],
  ["$JS.API.INFO", "engine client inspector operator", "engine"],
  ["$JS.API.STREAM.INFO.FS_J0", "engine inspector operator", "engine"],
  ["$JS.API.STREAM.MSG.GET.FS_J0", "engine inspector operator", "engine"],
  ["$JS.API.STREAM.MSG.GET.FS_B", "engine inspector operator", "engine"],
  ["$JS.API.CONSUMER.CREATE.FS_J0.x", "engine", "engine"],
  ["$JS.API.STREAM.CREATE.FS_J0", "engine", "engine"],
  ["$JS.API.STREAM.PURGE.FS_J0", "engine", "engine"],
  ["$JS.API.STREAM.DELETE.FS_J0", "engine", "engine"],
  ["$JS.API.STREAM.INFO.KV_fs_jobs", "engine client inspector operator", "engine"],
  ["$JS.API.STREAM.MSG.GET.KV_fs_jobs", "engine client inspector operator", "engine"],
  ["$JS.API.STREAM.CREATE.KV_fs_jobs", "engine", "engine"],
  ["$JS.API.STREAM.PURGE.KV_fs_jobs", "engine", "engine"],
  ["$JS.API.CONSUMER.CREATE.KV_fs_jobs.c", "engine", "engine"],
  ["$KV.fs_jobs.job-1", "engine client operator", "engine client operator"],
  ["$KV.fs_jobs.lease.c-1", "engine", "engine"],
  // The server takes the last token for one that `*` stands for; leases are no secret.
  ["$KV.fs_jobs.>", "", "engine client operator"],
  ["$KV.other.job-1", "engine", "engine"],
  ["$SYS.REQ.SERVER.PING", "", ""],
  ["fs.new", "engine", "engine"],
  ["elsewhere", "", ""],
  [">", "", ""],
];

t.test("who may do what", { skip }, async (t) => {
  const installation = await install(t);
  const clients = new Map<Role, Client>();
  for (const role of roles) clients.set(role, await Client.join(installation, role));
  t.teardown(async () => Promise.all([...clients.values()].map(async (it) => it.nats.close())));
  const engine = clients.get("engine")!;

  for (const [subject, publishers, subscribers] of matrix) {
    const isOurs = subject.startsWith("fs.") && !/[*>]/.test(subject);
    for (const role of roles) {
      const client = clients.get(role)!;
      const got: string[] = [];
      const heard = (who: string) => ({
        callback: (_: unknown, message: { data?: Uint8Array }) => {
          if (message.data !== undefined)
            got.push(`${who} ${Buffer.from(message.data).toString()}`);
        },
      });
      const witness = isOurs ? engine.nats.subscribe(subject, heard("engine")) : undefined;
      const own = client.nats.subscribe(subject, heard("role"));
      await Promise.all([engine.settled(), client.settled()]);
      if (!/[*>]/.test(subject)) client.nats.publish(subject, "by role");
      if (isOurs) engine.nats.publish(subject, "by engine");
      // What the one has published by then, the other has when it asks once more.
      for (let times = 0; times < 2; times++) {
        await Promise.all([client.settled(), engine.settled()]);
      }

      const maySubscribe = subscribers.split(" ").includes(role);
      const mayPublish = publishers.split(" ").includes(role);
      t.equal(
        !client.refused.has(`subscribe ${subject}`),
        maySubscribe,
        `${role} ${maySubscribe ? "may" : "may not"} subscribe to ${subject}`,
      );
      if (!/[*>]/.test(subject)) {
        t.equal(
          !client.refused.has(`publish ${subject}`),
          mayPublish,
          `${role} ${mayPublish ? "may" : "may not"} publish at ${subject}`,
        );
      }
      if (isOurs) {
        t.equal(got.includes("engine by role"), mayPublish, "and it arrives, or doesn't");
        t.equal(got.includes("role by engine"), maySubscribe, "and it hears, or doesn't");
      }
      if (!own.isClosed()) own.unsubscribe();
      witness?.unsubscribe();
      client.refused.clear();
    }
  }
});

const forbidden = async (asked: Promise<unknown>): Promise<string> =>
  asked.then(
    () => "allowed",
    (error: unknown) => (FlowError.is(error, "FORBIDDEN") ? error.message : String(error)),
  );

t.test("transports in their roles", { skip }, async (t) => {
  const installation = await install(t);
  const [engine, worker, client] = [
    await transport(t, installation, "engine"),
    await transport(t, installation, "worker"),
    await transport(t, installation, "client"),
  ];
  await worker.serve("w.worker-1.x", (body) => ({ worker: body }));
  await engine.serve("f.a7.flow-1", (body) => ({ owner: body }));
  t.strictSame(await engine.request("w.worker-1.x", 1), { worker: 1 });
  t.strictSame(await worker.request("f.a7.flow-1", 2), { owner: 2 });
  t.strictSame(await client.request("f.a7.flow-1", 3), { owner: 3 });
  const large = new Uint8Array(3_000_000).fill(1);
  t.strictSame(await engine.request("w.worker-1.x", large), { worker: large });

  const denied = "these credentials don't allow to";
  const started = performance.now();
  t.equal(
    await forbidden(client.request("w.worker-1.x", 1)),
    `${denied} publish at fs.w.worker-1.x`,
  );
  t.equal(
    await forbidden(worker.request("w.worker-2.x", 1)),
    `${denied} publish at fs.w.worker-2.x`,
  );
  t.equal(
    await forbidden(worker.serve("w.worker-2.x", () => 1)),
    `${denied} subscribe to fs.w.worker-2.x`,
  );
  t.equal(await forbidden(client.listen("hb.*", () => 1)), `${denied} subscribe to fs.hb.*`);
  t.ok(performance.now() - started < 4_000, "at once, not by a time-out");
  t.strictSame(await engine.request("w.worker-1.x", 1), { worker: 1 }, "and all goes on");
  t.strictSame(await client.request("f.a7.flow-1", 3), { owner: 3 });

  const heard: unknown[] = [];
  await engine.listen("hb.*", (body) => heard.push(body));
  worker.publish("hb.worker-1", "me");
  worker.publish("hb.worker-2", "somebody else");
  worker.publish("hb.worker-1", "me again");
  await until("presence is heard", () => heard.includes("me again"));
  t.strictSame(heard, ["me", "me again"]);
});

t.test("a journal, by roles", { skip }, async (t) => {
  const installation = await install(t);
  const journalAs = async (role: Role): Promise<NatsJournal> =>
    natsJournal(await transport(t, installation, role), { patienceMs: 1_000 });
  const engine = await journalAs("engine");
  const value = "x".repeat(200_000);
  await engine.append("f", begin("f"), "RUNNING");
  await engine.append("f", next(3, value), "RUNNING");
  await engine.append("g", begin("g"), "SUCCESS");
  const inspector = await journalAs("inspector");
  t.strictSame(await inspector.read("f"), [begin("f"), next(3, value)]);
  t.strictSame(await inspector.list(), await engine.list());
  t.strictSame(
    (await inspector.list({ limit: 1, before: "g" })).map(({ id }) => id),
    ["f"],
  );
  t.equal(await codeOf(() => inspector.append("f", next(5), "RUNNING")), "FORBIDDEN");
  await t.rejects(inspector.remove("f"), { code: "FORBIDDEN" });
  const operator = await journalAs("operator");
  t.strictSame(await operator.read("f"), [begin("f"), next(3, value)]);
  t.equal(await codeOf(() => operator.append("f", next(5), "RUNNING")), "FORBIDDEN");
  for (const role of ["worker", "node", "client"] as const) {
    const journal = await journalAs(role);
    await t.rejects(journal.read("f"), { code: "FORBIDDEN" }, `${role} reads nothing`);
    t.equal(await codeOf(() => journal.append("f", next(5), "RUNNING")), "FORBIDDEN");
  }
  t.equal((await engine.read("f")).length, 2);
});

t.test("clients post jobs, command them and wait for them", { skip }, async (t) => {
  const installation = await install(t);
  const end = await transport(t, installation, "client");
  await t.rejects(natsJobboard(end), {
    code: "FORBIDDEN",
    message: "these credentials don't allow to publish at $JS.API.STREAM.CREATE.KV_fs_jobs",
  });
  const engine = await natsJobboard(await transport(t, installation, "engine"));
  const client = await natsJobboard(end);
  await client.post({ id: "j", flow: "f" });
  const waiting = client.wait("j");
  await engine.claim("j", "c");
  await client.command("j", { kind: "cancel" });
  t.match(await engine.takeCommands("j", "c"), [{ kind: "cancel" }]);
  await engine.consume("j", "c", { state: "REVERTED" });
  t.match(await waiting, { state: "COMPLETE", end: { state: "REVERTED" } });
  t.match(await client.list(), [{ id: "j" }]);
  await t.rejects(client.renew({ owner: "c", leaseMs: 1_000 }), { code: "FORBIDDEN" });
  await t.rejects(
    client.watch(() => undefined),
    { code: "FORBIDDEN" },
  );
  const inspector = await natsJobboard(await transport(t, installation, "inspector"));
  t.match(await inspector.list(), [{ id: "j", state: "COMPLETE" }]);
  await t.rejects(inspector.post({ id: "k", flow: "f" }), { code: "FORBIDDEN" });
  const operator = await natsJobboard(await transport(t, installation, "operator"));
  t.match(
    await operator.command("j", { kind: "edit", edit: { kind: "retryFrom", atoms: ["a"] } }),
    {
      state: "UNCLAIMED",
    },
  );
  await t.rejects(operator.renew({ owner: "c", leaseMs: 1_000 }), { code: "FORBIDDEN" });
  const worker = await transport(t, installation, "worker");
  await t.rejects(natsJobboard(worker), { code: "FORBIDDEN" });
});

t.test("strangers stay outside", { skip }, async (t) => {
  const { server, ca } = await install(t);
  const seed = Buffer.from(newUser().getSeed()).toString("ascii");
  const codes = async (options: object): Promise<string> =>
    connectNats({ servers: server.url, ...options }).then(
      () => "connected",
      (error: unknown) => (error as FlowError).code,
    );
  t.equal(await codes({ tls: { ca } }), "CREDENTIALS_REFUSED");
  t.equal(await codes({ tls: { ca }, seed }), "CREDENTIALS_REFUSED");
  t.equal(await codes({ seed }), "SERVER_UNREACHABLE", "its certificate is none that is trusted");
});

t.test("the server is as nats.conf says", { skip }, async (t) => {
  const { server } = await install(t);
  const about = await server.monitor("/varz");
  t.match(about, {
    max_payload: 1_048_576,
    max_pending: 67_108_864,
    max_connections: 1_000,
    max_control_line: 4_096,
    tls_required: true,
    auth_required: true,
    jetstream: { config: { sync_always: true, max_memory: 67_108_864 } },
  });
});
