// Refs of actors on another node, through a real server, and what a restart of that server is to them.
import t, { type Test } from "tap";
import { assign, type EventObject, setup } from "xstate";
import { node, type Node, type NodeOptions } from "../../actors/node.ts";
import type { DownReason } from "../../actors/placed-ref.ts";
import { connectNats } from "../../lib/nats/connect.ts";
import { refsContract } from "../contracts/refs.ts";
import { install, skip, transport } from "./installation.ts";
import { noServer, startCluster, startServer, type TestServer } from "./server.ts";

/** Another part of the same server for each test. */
let prefixes = 0;

async function join(
  t: Test,
  server: TestServer,
  prefix: string,
  options: Partial<NodeOptions> & { name: string },
): Promise<Node> {
  const transport = await connectNats({ servers: server.url, prefix, role: "node" });
  const joined = await node({ transport, ...options });
  t.teardown(async () => {
    await joined.close();
    await transport[Symbol.asyncDispose]();
  });
  return joined;
}

t.test("one server", { skip: noServer }, async (t) => {
  const server = await startServer(t);
  refsContract(t, "one server", {
    open: async (t, options) => {
      const prefix = `test.${prefixes++}`;
      const near = await join(t, server, prefix, { name: "near" });
      await join(t, server, prefix, { name: "far", ...options });
      return { near, on: "far" };
    },
  });
});

t.test("a cluster", { skip: noServer }, async (t) => {
  const [one, other] = await startCluster(t);
  refsContract(t, "a cluster", {
    open: async (t, options) => {
      const prefix = `test.${prefixes++}`;
      const near = await join(t, one!, prefix, { name: "near" });
      await join(t, other!, prefix, { name: "far", ...options });
      return { near, on: "far" };
    },
  });
});

/** Remembers what it took, and says how much that is. */
const recorder = setup({
  types: {
    context: {} as { taken: number[] },
    events: {} as { type: "PUT"; n: number; replyTo?: { send(event: EventObject): void } },
  },
}).createMachine({
  context: { taken: [] },
  on: {
    PUT: {
      actions: [
        assign({ taken: ({ context, event }) => [...context.taken, event.n] }),
        ({ context, event }) =>
          event.replyTo?.send({ type: "got", taken: context.taken } as EventObject),
      ],
    },
  },
});

t.test("a server that restarts again and again loses nothing", { skip: noServer }, async (t) => {
  const server = await startServer(t);
  const near = await join(t, server, "test.restart", { name: "near" });
  await join(t, server, "test.restart", { name: "far", actors: { recorder } });
  const ref = await near.spawn<typeof recorder>("recorder", { on: "far" });
  const reasons: DownReason[] = [];
  ref.watch(({ reason }) => reasons.push(reason));
  const asked: Promise<unknown>[] = [];
  for (let n = 0; n < 500; n++) {
    if (n % 100 === 50) {
      await server.stop();
      await server.start();
    }
    if (n % 2 === 0) ref.send({ type: "PUT", n });
    else asked.push(ref.ask({ type: "PUT", n }, 30_000));
    if (n % 10 === 0) await new Promise(setImmediate);
  }
  await Promise.all(asked);
  const { taken } = await ref.ask<EventObject & { taken: number[] }>({ type: "PUT", n: 500 });
  t.strictSame(
    taken,
    Array.from({ length: 501 }, (_, n) => n),
  );
  t.strictSame(reasons, []);
});

t.test("a server that stays away ends links at both ends", { skip: noServer }, async (t) => {
  const server = await startServer(t);
  const options = { leaseMs: 500 };
  const near = await join(t, server, "test.away", { name: "near", ...options });
  const far = await join(t, server, "test.away", { name: "far", actors: { recorder }, ...options });
  const ref = await near.spawn<typeof recorder>("recorder", { on: "far" });
  const letters: EventObject[] = [];
  near.system.onDeadLetter(({ event }) => letters.push(event));
  const down = new Promise((resolve) => {
    ref.watch(resolve);
  });
  await server.stop();
  ref.send({ type: "PUT", n: 1 });
  t.match(await down, { reason: "link", error: { code: "LINK_DOWN" } });
  t.strictSame(letters, [{ type: "PUT", n: 1 }]);
  await server.start();
  const again = await near.lookup(ref.address).catch((error: unknown) => error);
  t.match(again, { code: "LINK_DOWN" }, "never taken up again");
  t.equal(far.system.actors.size, 1);
});

t.test("the role of a node is enough for one", { skip }, async (t) => {
  const installed = await install(t);
  const far = await node({
    name: "node-1",
    transport: await transport(t, installed, "node"),
    actors: { recorder },
  });
  t.teardown(async () => far.close());
  const near = await node({ name: "near", transport: await transport(t, installed, "engine") });
  t.teardown(async () => near.close());
  const ref = await near.spawn<typeof recorder>("recorder", { on: "node-1" });
  t.match(await ref.ask({ type: "PUT", n: 7 }), { taken: [7] });
  const shown = await new Promise((resolve) => {
    ref.subscribe(({ context }) => {
      resolve(context);
    });
    ref.send({ type: "PUT", n: 8 });
  });
  t.strictSame(shown, { taken: [7, 8] });
});
