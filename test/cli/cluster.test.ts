// A cluster of processes: conductors, worker nodes and a server; what people ask about it; who may do what.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { install, type Role, skip as noInstallation } from "../nats/installation.ts";
import { noServer, startServer } from "../nats/server.ts";
import { document, fourstroke, openGate, ranIn, type Running, start } from "./fourstroke.ts";

// Dozens of processes take their time on a busy machine.
t.setTimeout(180_000);

const file = join(import.meta.dirname, "fixtures/jobs.js");
const ab = ["--store", '{"a": 1, "b": 2}'];

/** A process that stays, in a folder of its own below `cwd`, once it is ready. */
async function stay(
  t: Test,
  cwd: string,
  name: string,
  verb: string,
  ...args: readonly string[]
): Promise<{ readonly folder: string; readonly it: Running }> {
  const folder = join(cwd, name);
  mkdirSync(folder);
  const it = start(folder, [verb, file, "--name", name, ...args]);
  t.teardown(() => {
    it.signal("SIGKILL");
  });
  await it.until("it is ready", () => it.stdout.includes("ready"));
  return { folder, it };
}

t.test(
  "flows survive their conductors and workers, and say why they wait",
  { skip: noServer },
  async (t) => {
    const server = await startServer(t);
    const cwd = t.testdir();
    const nats = ["--nats", server.url];
    const report = async (id: string): Promise<string> => {
      const { code, stdout } = await fourstroke(cwd, ["report", id, ...nats]);
      t.equal(code, 0);
      return stdout.replace(/<style>.*<\/style>/s, "").replace(/<[^>]*>/g, " ");
    };
    const why = async (id: string): Promise<string> => {
      const { json } = await document(cwd, ["why", id, ...nats]);
      const { code, sentence } = json as unknown as { code: string; sentence: string };
      return `${code} ${sentence}`;
    };
    t.match(await fourstroke(cwd, ["post", "gated", "--id", "g", ...nats]), {
      code: 0,
      stdout: "g\n",
    });
    t.equal(await why("g"), 'NO_CONDUCTOR no conductor has the flow "gated": none is there');
    t.match(await fourstroke(cwd, ["report", "g", ...nats]), {
      code: 2,
      stderr: /no flow "g"\n.*nothing has run of it: no conductor has the flow "gated"/,
    });
    const lease = ["--lease-ms", "1000"];
    const one = await stay(t, cwd, "one", "conductor", ...nats, ...lease);
    t.match(one.it.stdout, /^ready {2}one {2}as conductor, workers, 4 flows/);
    await one.it.until("it has it", () => one.it.stdout.includes("claimed  gated  g"));
    t.equal(await why("g"), 'NO_WORKER no worker serves the task "first"');

    const work = await stay(t, cwd, "work", "node", ...nats, "--concurrency", "1");
    await work.it.until("it runs", () => ranIn(work.folder).includes("held"));
    t.match(await why("g"), /^RUNNING "held" has been running on worker work\.\S+ for /);
    t.match(
      await report("g"),
      /&quot;held&quot; has been running on worker work\.\S+ for .* CLAIMED, /s,
    );
    await fourstroke(cwd, ["post", "sums", "--id", "s", ...ab, ...nats]);
    await one.it.until("it has it", () => one.it.stdout.includes("claimed  sums  s"));
    t.equal(
      await why("s"),
      'WORKERS_BUSY the one worker that serves the task "add" is busy: none of 1 slot is free',
    );
    const { json } = await document(cwd, ["nodes", ...nats]);
    t.match(json, {
      conductors: [{ name: "one", engine: "workers", silentMs: 0, stalled: false }],
      workers: [{ worker: /^work\./, slots: 1, free: 0, state: "up" }],
      nodes: [],
    });

    one.it.signal("SIGKILL");
    await one.it.ended;
    t.match(
      await why("g"),
      /^OWNER_DEAD its owner one\.\S+ has not renewed .*, and no other conductor has the flow "gated"/,
    );
    const both = await stay(t, cwd, "two", "node", "--role", "worker,conductor", ...nats, "--json");
    await both.it.until(
      "it has both",
      () => both.it.stdout.split('"event":"claimed"').length === 3,
    );
    openGate(work.folder);
    t.match(await fourstroke(cwd, ["wait", "g", ...nats]), {
      code: 0,
      stdout: /seen = "the gate"/,
    });
    t.match(await fourstroke(cwd, ["wait", "s", ...nats]), { code: 0, stdout: /sum = 3/ });
    t.match(await why("g"), /^ENDED it ended SUCCESS/);
    t.match(
      await report("g"),
      /it ended SUCCESS .* 2 owners .* COMPLETE, .* &quot;the gate&quot; /s,
    );
    const held = [work, both]
      .flatMap(({ folder }) => ranIn(folder))
      .filter((name) => name === "held");
    t.equal(held.length, 1, "the attempt outlived its conductor");
    const { stdout } = await fourstroke(cwd, ["doctor", ...nats]);
    t.match(stdout, /✔ FS_J0: 1 replica in file: .*\n✔ KV_fs_jobs: /);
    both.it.signal("SIGTERM");
    t.equal((await both.it.ended).code, 0);
  },
);

t.test("each verb does with the rights of its role", { skip: noInstallation }, async (t) => {
  const installation = await install(t);
  const { seeds, ca, server } = installation;
  const cwd = t.testdir({ "ca.pem": ca });
  const as = (role: Role): readonly string[] => {
    writeFileSync(join(cwd, role), seeds[role]);
    const secrets = ["--seed-file", join(cwd, role), "--tls-ca", join(cwd, "ca.pem")];
    return ["--nats", server.url, ...secrets];
  };
  const conductor = await stay(t, cwd, "c", "conductor", "--engine", "serial", ...as("engine"));
  const client = as("client");
  t.match(await fourstroke(cwd, ["post", "sums", "--id", "s", ...ab, ...client]), { code: 0 });
  t.match(await fourstroke(cwd, ["post", "gated", "--id", "g", ...client]), { code: 0 });
  t.match(await fourstroke(cwd, ["wait", "s", ...client]), {
    code: 0,
    stderr: "",
    stdout: /SUCCESS/,
  });
  t.match(await fourstroke(cwd, ["jobs", ...client]), { code: 0, stdout: /g +gated/ });
  await conductor.it.until("it runs", () => ranIn(conductor.folder).includes("held"));
  const inspector = as("inspector");
  t.match(await fourstroke(cwd, ["why", "g", ...inspector]), {
    code: 0,
    stdout: /^g: "held" has been running/,
  });
  t.match(await fourstroke(cwd, ["report", "g", ...inspector]), {
    code: 0,
    stdout: /"why">&quot;held&quot; has been running/,
  });
  t.match(await fourstroke(cwd, ["nodes", ...inspector]), { code: 0, stdout: /conductor +up/ });
  t.match(await fourstroke(cwd, ["doctor", ...inspector]), { code: 0, stdout: /sync_interval/ });
  t.match(await fourstroke(cwd, ["jobs", "--as", "inspector", ...inspector]), { code: 0 });
  t.match(await fourstroke(cwd, ["cancel", "g", "--as", "inspector", ...inspector]), { code: 11 });
  // It may not look into the journal: the owner tells it that this can't be done.
  t.match(await document(cwd, ["skip", "g", "held", ...client]), {
    code: 14,
    json: { error: { code: "EDIT_REFUSED", about: { atom: "held", why: /^it is RUNNING/ } } },
  });
  t.match(await fourstroke(cwd, ["skip", "g", "held", ...client]), {
    ...{ code: 14, stdout: "" },
    stderr: /^error: can't skip "held" of flow "gated": it is RUNNING/,
  });
  t.match(await fourstroke(cwd, ["cancel", "g", ...client]), { code: 0 });
  t.match(await fourstroke(cwd, ["wait", "g", ...client]), { code: 3 });
});

t.test("resume, and wait for it, on a server", { skip: noServer }, async (t) => {
  const server = await startServer(t);
  const cwd = t.testdir();
  const nats = ["--nats", server.url];
  await fourstroke(cwd, ["post", "gated", "--id", "g", ...nats]);
  await fourstroke(cwd, ["suspend", "g", ...nats]);
  const { it, folder } = await stay(t, cwd, "c", "conductor", ...nats, "--engine", "parallel");
  const waited = await fourstroke(cwd, ["wait", "g", ...nats]);
  t.equal(waited.code, 5);
  t.match(
    (await fourstroke(cwd, ["why", "g", ...nats])).stdout,
    /it is suspended; "fourstroke resume g --nats nats:/,
  );
  openGate(folder);
  t.match(await fourstroke(cwd, ["resume", "g", ...nats]), { code: 0, stdout: /^g: resume, / });
  t.match(await fourstroke(cwd, ["wait", "g", ...nats]), { code: 0 });
  await server.stop();
  t.match(await fourstroke(cwd, ["why", "g", ...nats]), {
    code: 0,
    stdout: /^g: nothing can be recorded, so nothing starts: from here \S+ does not answer/,
  });
  it.signal("SIGKILL");
});
