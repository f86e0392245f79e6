// What dies with an engine: the cases themselves hardly ever have something under way then.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import {
  anyPresence,
  type Call,
  type Presence,
  whoAddress,
  workerAddress,
} from "../../lib/executor/protocol.ts";
import { packCalls } from "../../lib/executor/wire.ts";
import type { Transport } from "../../lib/transport/transport.ts";
import { noServer, until } from "../nats/server.ts";
import { type Hosts, holders } from "./hosts.ts";
import { Rig } from "./rig.ts";
import type { Case } from "./scenario.ts";
import type { Setup } from "./session.ts";
import { runCase } from "./suite.ts";

/** A crash at the start of B, while A has been launched but its call can't have been sent yet. */
const unsent: Case = {
  format: 1,
  scenario: {
    id: "c",
    title: "c",
    flow: {
      flow: "unordered",
      name: "f",
      items: [
        { task: "A", do: { result: { calls: true } } },
        // Controllers run with the engine, so that its task starts in the same turn.
        { flow: "linear", name: "g", retry: { retry: "Times" }, items: [{ task: "B" }] },
      ],
    },
    steps: [
      { op: "run", crashAt: { atom: "B", state: "RUNNING" } },
      { op: "newEngine" },
      { op: "run" },
    ],
  },
  expected: {
    steps: [
      { outcome: { kind: "crashed" }, atoms: { A: { state: "RUNNING", executeCalls: 1 } } },
      { atoms: { A: { executeCalls: 1 }, B: { executeCalls: 0 } } },
      {
        outcome: { kind: "ok" },
        atoms: { A: { executeCalls: 2, result: 2 }, B: { executeCalls: 1 } },
      },
    ],
  },
};

/** Gives `work` what a case needs. */
async function use(
  t: Test,
  engine: "threads" | "processes" | "workers",
  work: (setup: Setup) => Promise<void>,
): Promise<void> {
  const file = { name: "c", path: join(t.testdir(), "c.json") };
  writeFileSync(file.path, JSON.stringify(unsent));
  await using rig = new Rig({ engine, journal: "memory", files: [file] });
  await rig.use(file, work);
}

async function wayTo(hosts: Hosts): Promise<Transport> {
  const { pool, transport = pool?.dispatcher.transport } = await hosts.reach(true);
  if (transport === undefined) throw new Error("there is no way to the hosts");
  return transport;
}

/** Names of the workers that are there, from two on: others may come later. */
async function present(transport: Transport): Promise<ReadonlySet<string>> {
  const workers = new Set<string>();
  const stop = await transport.listen(anyPresence, (body) => {
    const { worker, state } = body as Presence;
    if (state === "up") workers.add(worker);
  });
  await until("two workers say that they are there", () => {
    transport.publish(whoAddress, null);
    return workers.size > 1;
  });
  stop();
  return workers;
}

/** Has a worker run the first task of the case, of a flow that nobody owns. @returns the attempt's key */
async function occupy(transport: Transport, worker: string): Promise<string> {
  const key = "nobody/A/execute/1";
  const call: Call = {
    key,
    flow: "nobody",
    epoch: 1,
    task: "A",
    version: 1,
    direction: "execute",
    attempt: 1,
    inputs: {},
    alone: false,
    keepsLines: false,
  };
  const ask = (body: unknown): Promise<unknown> => transport.request(workerAddress(worker), body);
  assert.equal(await ask({ kind: "want", engine: "test", slots: 1 }), 1);
  assert.deepEqual(await ask({ kind: "calls", engine: "test", flows: packCalls([call]) }), [null]);
  return key;
}

for (const engine of ["threads", "processes", "workers"] as const) {
  const skip = engine === "workers" ? noServer : false;

  t.test(`${engine}: what was launched counts as called, sent or not`, { skip }, async (t) => {
    await use(t, engine, async (setup) => {
      t.strictSame(await runCase(unsent, setup), { kind: "passed" });
    });
  });

  t.test(`${engine}: whoever holds an attempt dies, and nobody else`, { skip }, async (t) => {
    await use(t, engine, async ({ hosts }) => {
      if (hosts === undefined) throw new Error("there are no hosts");
      const before = await wayTo(hosts);
      const workers = await present(before);
      const [worker = "", other = ""] = workers;
      const key = await occupy(before, worker);
      t.strictSame(await holders(before, workers, [key]), [worker]);
      await hosts.die([key]);
      const after = await wayTo(hosts);
      await t.rejects(after.request(workerAddress(worker), { kind: "holds", keys: [key] }));
      t.strictSame(await holders(after, [other], [key]), []);
      t.notOk((await present(after)).has(worker));
    });
  });
}
