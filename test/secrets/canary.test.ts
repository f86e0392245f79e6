// Canaries: secrets that are told from all other texts are looked for wherever a flow is shown. Of flows that declare
// them secret none is found; the same flows without that show them, so that not finding any means something.
import { randomBytes, randomInt } from "node:crypto";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import t, { type Test } from "tap";
import { Conductor } from "../../actors/conductor.ts";
import { inspectSystem } from "../../actors/inspect-system.ts";
import { spawn } from "../../actors/spawn.ts";
import { System } from "../../actors/system.ts";
import { Pool } from "../../lib/executor/pool/pool.ts";
import { type EngineOptions, load, memoryJournal } from "../../lib/index.ts";
import { memoryJobboard } from "../../lib/jobboard/memory.ts";
import { systemClock } from "../../lib/system.ts";
import { fourstroke } from "../cli/fourstroke.ts";
import { serve } from "../inspector/serve.ts";

// Processes take their time on a busy machine.
t.setTimeout(300_000);

const canary = `canary${randomBytes(6).toString("hex")}`;
const pin = String(randomInt(1e11, 1e12));
const env = { CANARY: canary, CANARY_PIN: pin };
Object.assign(process.env, env);
const store = { password: `${canary}-store` };
const file = join(import.meta.dirname, "fixtures/flows.js");
// It reads the environment when it is loaded.
const flows = await import("./fixtures/flows.ts");

/** The places of canaries that are in there. */
function found(text: string): string[] {
  const places = [...text.matchAll(new RegExp(`${canary}-?(\\w*)`, "g"))].map(
    ([, place]) => place ?? "",
  );
  return [...new Set([...places, ...(text.includes(pin) ? ["pin"] : [])])].sort();
}

/** None in `hidden`, those in `open`. */
function compare(t: Test, hidden: string, open: string, expected: readonly string[], what: string) {
  t.strictSame(found(hidden), [], `${what}: nothing is found\n${hidden.slice(0, 2_000)}`);
  const places = found(open);
  for (const place of expected) t.ok(places.includes(place), `${what}: without it, ${place} is`);
}

t.test("the verbs of the command line", async (t) => {
  const cwd = t.testdir();
  const outputs = new Map<string, Map<string, string>>();
  for (const flow of ["works", "fails", "openWorks", "openFails"]) {
    const told = new Map<string, string>();
    outputs.set(flow, told);
    const given = ["--store", JSON.stringify(store), "--id", flow];
    for (const args of [
      ["run", `${file}#${flow}`, ...given],
      ["show", flow],
      ["show", flow, "--json"],
      ["history", flow],
      ["history", flow, "--json"],
      ["why", flow],
      ["why", flow, "--json"],
      ["resume", flow],
      ["ls", "--json"],
      ["check", file],
      ["run", `${file}#${flow}`, ...given.slice(0, 2), "--json"],
    ]) {
      const { stdout, stderr } = await fourstroke(cwd, args, { ...env, FOURSTROKE_DEBUG: "1" });
      const [verb = ""] = args;
      const key = verb + (args.includes("--json") ? " --json" : "");
      told.set(key, `${stdout}\n${stderr}`);
      t.ok(stdout.length > 0, key);
    }
  }
  const failing = ["result", "seed0", "store", "pin"];
  for (const [verb, hidden] of outputs.get("works") ?? []) {
    const open = outputs.get("openWorks")?.get(verb) ?? "";
    compare(t, hidden, open, ofWorking[verb] ?? [], `works: ${verb}`);
  }
  for (const [verb, hidden] of outputs.get("fails") ?? []) {
    const open = outputs.get("openFails")?.get(verb) ?? "";
    const expected = ["run", "show", "history", "resume", "why"].some((one) =>
      verb.startsWith(one),
    );
    compare(t, hidden, open, expected ? failing.slice(0, 1) : [], `fails: ${verb}`);
  }
});

/** What an open flow that works shows where. */
const ofWorking: Readonly<Record<string, readonly string[]>> = {
  run: ["store", "inject", "result", "seed0", "pin"],
  "run --json": ["store", "result", "seed0", "pin"],
  show: ["store", "result", "seed0", "pin"],
  "show --json": ["store", "result", "seed0", "pin"],
  history: ["store", "result", "seed0", "pin"],
  "history --json": ["store", "result", "seed0", "pin"],
};

/** Runs both flows, and both without the declaration; `of` gives what is looked into. */
async function each(
  t: Test,
  expected: readonly string[],
  of: (flow: (typeof flows)["works"], id: string) => Promise<unknown>,
): Promise<void> {
  for (const [hidden, open] of [
    ["works", "openWorks"],
    ["fails", "openFails"],
  ] as const) {
    const said = await of(flows[hidden], hidden);
    compare(t, textOf(said), textOf(await of(flows[open], open)), expected, hidden);
  }
}

const textOf = (value: unknown): string =>
  JSON.stringify(value, (_, part: unknown) =>
    part instanceof Error
      ? {
          ...Object.fromEntries(Object.entries(part)),
          text: `${part.message} ${part.stack ?? ""} ${String(part.cause)}`,
        }
      : part,
  );

t.test("what the inspector sends its page", async (t) => {
  await each(t, ["store", "inject", "result", "seed0", "pin"], async (flow, id) => {
    const journal = memoryJournal();
    await load(flow, { id, store, journal })
      .run()
      .catch(() => undefined);
    const inspector = await serve({ journal });
    t.teardown(() => inspector.close());
    const told: string[] = [];
    for (const path of ["/api/flows", `/api/progress?id=${id}`, `/api/records?id=${id}`]) {
      const response = await fetch(`http://127.0.0.1:${String(inspector.port)}${path}`);
      told.push(await response.text());
    }
    return told;
  });
});

t.test("inspection events of a flow", async (t) => {
  await each(t, ["result", "seed0", "pin"], async (flow) => {
    const messages: unknown[] = [];
    await load(flow, { store, inspect: (message) => messages.push(message) })
      .run()
      .catch(() => undefined);
    t.ok(messages.length > 10);
    return messages;
  });
});

t.test("inspection events of a system in which it is spawned", async (t) => {
  await each(t, ["result"], async (flow) => {
    const messages: unknown[] = [];
    const system = new System({ clock: systemClock });
    inspectSystem(system, (message) => messages.push(message));
    const ref = spawn(flow, { store, system });
    ref.engine.atomNotifier.on("RUNNING", ({ atom }) => void ref.atom(atom));
    await new Promise<void>((resolve) => {
      ref.subscribe({ complete: resolve, error: () => resolve() });
    });
    t.ok(messages.length > 1);
    return messages;
  });
});

t.test("what is logged: by tasks here, on threads and in child processes", async (t) => {
  for (const engine of ["serial", "threads", "processes"] as const) {
    await each(t, ["store", "inject", "result", "seed0", "pin"], async (flow) => {
      const lines: unknown[] = [];
      const log: NonNullable<EngineOptions["log"]> = (message, fields) =>
        lines.push([message, fields]);
      const isPooled = engine !== "serial";
      await using pool = new Pool({
        kind: isPooled ? engine : "threads",
        size: 1,
        modules: [file],
        log,
      });
      await load(flow, isPooled ? { store, engine, pool, log } : { store, log })
        .run()
        .catch(() => undefined);
      await until(() => lines.length >= 2);
      return lines;
    });
  }
});

t.test("what a jobboard and a conductor tell of a flow that failed", async (t) => {
  await each(t, [], async (flow, id) => {
    const board = memoryJobboard();
    const lines: unknown[] = [];
    const conductor = new Conductor({
      board,
      journal: memoryJournal(),
      flows: [flow],
      log: (message, fields) => lines.push([message, fields]),
    });
    conductor.notifier.on("*", ({ kind, end, problem }) => lines.push([kind, end, problem]));
    await board.post({ id, flow: flow.name, store });
    await conductor.start();
    await conductor.idle();
    const job = await board.get(id);
    t.ok(job?.end !== undefined, "it has ended");
    const { end, reason } = job ?? {};
    if (id === "openFails") t.ok(found(textOf([end, lines])).length > 0, "an open one tells");
    await conductor.close();
    return [end, reason, lines];
  });
});

t.test("code, the journal and tasks have the values themselves", async (t) => {
  const journal = memoryJournal();
  const engine = load(flows.works, { id: "w", store, journal });
  await engine.run();
  t.match(engine.storage.fetchAll(), {
    password: store.password,
    token: `${canary}-result`,
    pin: Number(pin),
  });
  t.match(engine.storage.fetch("seen"), { note: `seen ${canary}-result` }, "what a task was given");
  t.ok(found(textOf(await journal.read("w"))).includes("store"));
  t.match(engine.shown.fetchAll(), {
    password: "[secret]",
    token: "[secret]",
    seen: { note: "seen [secret]" },
  });
});

async function until(holds: () => boolean): Promise<void> {
  for (let looks = 0; looks < 2_000 && !holds(); looks++) await wait(5);
}
