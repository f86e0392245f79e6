// The command line, started with an SDK of OpenTelemetry as its users start one: with `node --import`.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import t, { type Test } from "tap";
import { fourstroke, library, type Running, start } from "../cli/fourstroke.ts";
import { noServer, startServer } from "../nats/server.ts";
import type { ToldMetric, ToldSpan } from "./fixtures/sdk.ts";

// Dozens of processes take their time on a busy machine.
t.setTimeout(180_000);

const flow = join(import.meta.dirname, "fixtures/tasks.js");
const importing = (file: string): string => `--import ${pathToFileURL(file).href}`;
const withSdk = importing(join(import.meta.dirname, "fixtures/sdk.js"));

/** A folder to run in, and what an SDK has sent of what runs there. */
function place(t: Test) {
  const cwd = t.testdir();
  const file = join(cwd, "told");
  const told = (): Partial<ToldSpan & ToldMetric>[] => {
    if (!existsSync(file)) return [];
    const lines = readFileSync(file, "utf8").trimEnd().split("\n");
    return lines.map((line) => JSON.parse(line) as ToldSpan | ToldMetric);
  };
  const env = { NODE_OPTIONS: withSdk, TOLD: file };
  const named = (name: string) => told().filter(({ span }) => span === name);
  return { cwd, env, told, named };
}

t.test("run tells an SDK of its flow before it ends", async (t) => {
  const { cwd, env, told, named } = place(t);
  const ended = await fourstroke(cwd, ["run", flow, "--id", "f", "--telemetry"], env);
  t.match(ended, { code: 0, stderr: /^(?!.*telemetry)/ });
  const [run, ...others] = named("run traced");
  t.strictSame(others, []);
  for (const name of ["execute first", "execute second"]) {
    t.match(named(name), [{ traceId: run?.traceId, parentId: run?.spanId }]);
  }
  const metrics = told().flatMap(({ metric }) => metric ?? []);
  for (const name of ["fourstroke.flow.runs", "fourstroke.attempts"]) t.ok(metrics.includes(name));
  t.match(ended.stdout, new RegExp(`first += .*${run?.traceId}`), "users' code is within");
});

t.test("a resume links to the run before", async (t) => {
  const { cwd, env, named } = place(t);
  const file = join(cwd, "flow.mjs");
  writeFileSync(
    file,
    `import { existsSync } from "node:fs";
     import { linear, task } from ${JSON.stringify(library)};
     export default linear("goes-on", task({ name: "ends", execute: () => 1, revert: () => {
       if (!existsSync("mended")) throw new Error("not yet");
     } }), task({ name: "fails", execute: () => { throw new Error("no"); } }));`,
  );
  t.match(await fourstroke(cwd, ["run", file, "--id", "r"], env), { code: 4 });
  writeFileSync(join(cwd, "mended"), "");
  t.match(await fourstroke(cwd, ["resume", "r"], env), { code: 3 });
  const [before, after] = named("run goes-on");
  t.not(before?.pid, after?.pid);
  t.strictSame(after?.links, [before?.spanId]);
});

t.test("so do threads and child processes", async (t) => {
  for (const engine of ["threads", "processes"]) {
    const { cwd, env, named } = place(t);
    const args = ["run", flow, "--engine", engine, "--concurrency", "1"];
    t.match(await fourstroke(cwd, args, env), { code: 0 });
    const [run] = named("run traced");
    const attempts = named("execute first");
    t.equal(attempts.length, 2, `${engine}: where it is launched, and where it runs`);
    for (const { traceId } of attempts) t.equal(traceId, run?.traceId);
    const pids = new Set(attempts.map(({ pid }) => pid));
    t.equal(pids.size, engine === "threads" ? 1 : 2);
  }
});

t.test("without an SDK there is nothing, unless it is asked for", async (t) => {
  const { cwd, told } = place(t);
  t.match(await fourstroke(cwd, ["run", flow]), { code: 0, stderr: "" });
  t.strictSame(told(), []);
  const asked = [
    ["run", flow],
    ["conductor", flow],
  ];
  for (const args of asked) {
    t.match(await fourstroke(cwd, [...args, "--telemetry"]), {
      code: 2,
      stderr: /--telemetry needs an SDK of OpenTelemetry, .*\n.*NODE_OPTIONS="--import/,
    });
  }
  const hidden = join(cwd, "hidden.mjs");
  const resolve = `export async function resolve(name, context, next) {
    if (name !== "@opentelemetry/api") return next(name, context);
    throw Object.assign(new Error("Cannot find package"), { code: "ERR_MODULE_NOT_FOUND" });
  }`;
  writeFileSync(
    hidden,
    `import { register } from "node:module";
     register(${JSON.stringify(`data:text/javascript,${encodeURIComponent(resolve)}`)});`,
  );
  const noPackage = { NODE_OPTIONS: importing(hidden) };
  const plain = join(cwd, "flow.mjs");
  writeFileSync(
    plain,
    `import { linear, task } from ${JSON.stringify(library)};
     export default linear("plain", task({ name: "a", execute: () => 1 }));`,
  );
  t.match(await fourstroke(cwd, ["run", plain], noPackage), { code: 0, stderr: "" });
  t.match(await fourstroke(cwd, ["run", plain, "--telemetry"], noPackage), {
    code: 2,
    stderr: /needs the package @opentelemetry\/api, .*\n {2}npm install @opentelemetry\/api/,
  });
});

t.test("a collector that takes nothing doesn't keep it from ending", async (t) => {
  const { cwd, env } = place(t);
  t.match(await fourstroke(cwd, ["run", flow], { ...env, COLLECTOR: "stuck" }), {
    code: 0,
    stderr: /traces or metrics may be missing: not all of it was sent within 3000 ms/,
  });
});

t.test("conductors and nodes tell of what they run", { skip: noServer }, async (t) => {
  const server = await startServer(t);
  const { cwd, env, named } = place(t);
  const nats = ["--nats", server.url];
  const stay = async (verb: string): Promise<Running> => {
    mkdirSync(join(cwd, verb));
    const it = start(join(cwd, verb), [verb, flow, "--telemetry", ...nats], env);
    t.teardown(() => {
      it.signal("SIGKILL");
    });
    await it.until("it is ready", () => it.stdout.includes("ready"));
    return it;
  };
  const both = [await stay("node"), await stay("conductor")];
  await fourstroke(cwd, ["post", "traced", "--id", "j", ...nats]);
  t.match(await fourstroke(cwd, ["wait", "j", ...nats]), { code: 0 });
  for (const it of both) it.signal("SIGTERM");
  for (const it of both) t.match(await it.ended, { code: 0, stderr: "" });
  const [run] = named("run traced");
  const [pid, conductor] = both.map(({ child }) => child.pid);
  t.equal(run?.pid, conductor);
  const attempts = named("execute first");
  const [launched] = attempts.filter((span) => span.pid === conductor);
  const [ran] = attempts.filter((span) => span.pid === pid);
  t.equal(launched?.parentId, run?.spanId);
  t.match(ran, { traceId: run?.traceId, parentId: launched?.spanId });
});
