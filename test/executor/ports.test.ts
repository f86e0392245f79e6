// Ports to real threads and processes.
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { MessageChannel, Worker } from "node:worker_threads";
import t, { type Test } from "tap";
import { encode } from "../../lib/bytes.ts";
import { type PortLimits, processPort, threadPort } from "../../lib/executor/pool/ports.ts";
import type { Message, Port } from "../../lib/transport/message.ts";

t.setTimeout(60_000);

const echo = new URL("./fixtures/echo.js", import.meta.url);

/** An end whose other end is an echo elsewhere. */
interface Far {
  readonly port: Port;
  readonly over: Promise<unknown>;
  readonly kill: () => void;
}

const kinds: readonly (readonly [string, (limits?: PortLimits) => Far])[] = [
  [
    "thread",
    (limits) => {
      const worker = new Worker(echo);
      const kill = () => void worker.terminate();
      return { port: threadPort(worker, limits), over: once(worker, "exit"), kill };
    },
  ],
  [
    "process",
    (limits) => {
      const child: ChildProcess = fork(fileURLToPath(echo), { serialization: "advanced" });
      const kill = () => void child.kill("SIGKILL");
      return { port: processPort(child, limits), over: once(child, "exit"), kill };
    },
  ],
];

const request = (id: number, body: Uint8Array, to = "echo"): Message => {
  return { kind: "request", id, to, body };
};

/** Starts the port, and collects what comes. */
function listen(port: Port) {
  const taken: Message[] = [];
  let closings = 0;
  let wake = () => undefined as unknown;
  port.start(
    (message) => {
      taken.push(message);
      wake();
    },
    () => {
      closings++;
      wake();
    },
  );
  return {
    taken,
    closings: () => closings,
    async until(met: () => boolean) {
      while (!met()) await new Promise((resolve) => (wake = () => resolve(undefined)));
    },
  };
}

const answers = (messages: readonly Message[]): Uint8Array[] =>
  messages.map((message) => (message.kind === "answer" ? message.answer : new Uint8Array()));

const soon = () => new Promise((resolve) => setImmediate(resolve));

function closesAtTheEnd(t: Test, { kill, over }: Far): void {
  t.teardown(async () => {
    kill();
    await over;
  });
}

for (const [kind, start] of kinds) {
  t.test(`${kind}: what is posted comes back whole and in order`, async (t) => {
    const far = start();
    closesAtTheEnd(t, far);
    const { taken, until } = listen(far.port);
    const large = new Uint8Array(5_000_000).map((_, at) => at);
    // A part of a larger buffer, as `encode` gives it.
    const bodies = [new Uint8Array(), encode({ a: [1, "ü"] }), large, large.subarray(7, 19)];
    for (let id = 0; id < 2_000; id++) {
      far.port.post(request(id, bodies[id] ?? encode(id)));
    }
    await until(() => taken.length === 2_000);
    t.strictSame(
      taken.map((message) => message.kind === "answer" && message.id),
      Array.from({ length: 2_000 }, (_, id) => id),
    );
    for (const [id, body] of bodies.entries()) {
      t.ok(Buffer.compare(body, answers(taken)[id]!) === 0, `body ${id}`);
    }
    t.equal(large[300], 300 % 256, "who posted it has it still");
  });

  t.test(`${kind}: closed at the other end, after what that had posted`, async (t) => {
    const far = start();
    const { taken, closings, until } = listen(far.port);
    far.port.post(request(1, encode("last"), "leave"));
    await until(() => closings() > 0);
    t.equal(taken.length, 1);
    far.kill();
    await far.over;
    t.equal(closings(), 1, "said once");
    far.port.post(request(2, encode("late")));
  });

  t.test(`${kind}: closed when the other end dies`, async (t) => {
    for (const how of ["exit", "kill"] as const) {
      const far = start();
      const { taken, closings, until } = listen(far.port);
      far.port.post(request(1, encode("there")));
      await until(() => taken.length === 1);
      if (how === "kill") far.kill();
      else far.port.post(request(2, encode(null), "die"));
      await until(() => closings() > 0);
      t.equal(closings(), 1, how);
      await far.over;
    }
  });

  t.test(`${kind}: closed here, the other end ends`, async (t) => {
    const far = start();
    const { taken, closings, until } = listen(far.port);
    far.port.post(request(1, encode("there")));
    await until(() => taken.length === 1);
    far.port.close();
    far.port.close();
    await far.over;
    t.equal(closings(), 0, "who closes need not be told");
  });

  t.test(
    `${kind}: at the limit the other end counts as gone, published things are left out before`,
    async (t) => {
      const far = start({ untakenBytes: 4 * 1024 * 1024 });
      closesAtTheEnd(t, far);
      const { taken, closings, until } = listen(far.port);
      const body = new Uint8Array(100_000);
      for (let id = 0; id < 100; id++) {
        far.port.post(request(id, body));
        await until(() => taken.length > id);
      }
      t.equal(closings(), 0, "what is taken counts no more");
      far.port.post(request(60_000, new Uint8Array(), "block"));
      for (let n = 0; n < 1_000; n++) far.port.post({ kind: "publish", to: "x", body });
      await soon();
      t.equal(closings(), 0, "what is published is left out");
      for (let n = 0; n < 10; n++) far.port.post(request(n, body));
      await soon();
      t.equal(closings(), 0, "what is asked still has room");
      for (let n = 0; n < 40; n++) far.port.post(request(n, body));
      t.equal(closings(), 0, "never while something is posted");
      await until(() => closings() > 0);
      t.equal(closings(), 1);
    },
  );
}

t.test("a port to a MessagePort is closed with it", async (t) => {
  const { port1, port2 } = new MessageChannel();
  const [one, other] = [threadPort(port1), threadPort(port2)];
  const [near, far] = [listen(one), listen(other)];
  one.post(request(1, encode("first")));
  one.close();
  await far.until(() => far.closings() > 0);
  t.equal(far.taken.length, 1, "what was posted before is taken");
  t.equal(near.closings(), 0);
});
