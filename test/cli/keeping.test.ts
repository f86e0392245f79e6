// `fourstroke export`, `import` and `purge`: flows out of one journal into another, and forgotten.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import type { ExportDocument } from "../../lib/cli/export.ts";
import type { ImportDocument } from "../../lib/cli/import.ts";
import type { PurgeDocument } from "../../lib/cli/purge.ts";
import { findFlow, openStore } from "../../lib/cli/store.ts";
import { connectNats } from "../../lib/nats/connect.ts";
import { natsJournal } from "../../lib/nats/journal.ts";
import { noServer, startServer } from "../nats/server.ts";
import { flows, fourstroke, openGate, ranIn, start } from "./fourstroke.ts";

// Dozens of processes take their time on a busy machine.
t.setTimeout(400_000);

/** One store for all: a flow that ended well, one that was undone, one that is stuck, one whose process was killed. */
const cwd = t.testdir();

t.before(async () => {
  const gated = start(cwd, ["run", `${flows}#gated`, "--id", "g"]);
  await gated.untilRan("held");
  gated.signal("SIGKILL");
  await gated.ended;
  await fourstroke(cwd, ["run", `${flows}#retried`, "--id", "r"]);
  await fourstroke(cwd, ["run", `${flows}#failing`, "--id", "f"]);
  await fourstroke(cwd, ["run", `${flows}#stuck`, "--id", "s"]);
});

/** Whatever a verb may print; which part of it does, its test knows. */
type Printed = ExportDocument & ImportDocument & PurgeDocument;

async function json(args: readonly string[]) {
  const { code, stdout } = await fourstroke(cwd, [...args, "--json"]);
  return { code, json: JSON.parse(stdout) as Printed };
}

async function kept(dir: string, id: string) {
  await using journal = await openStore({ dir: join(cwd, dir) });
  const found = await findFlow(journal, id);
  return { digest: found?.view.digest, batches: found?.batches, view: found?.view };
}

const ids = async (dir: string): Promise<string[]> => {
  const { json: document } = await json(["ls", "--dir", dir]);
  return document.flows.map(({ id }) => id);
};

t.test("a flow goes from one journal into another, and on from there", async (t) => {
  const exported = await json(["export", "g", "--out", "g.flow"]);
  t.match(exported, { code: 0, json: { file: "g.flow", flows: [{ id: "g", state: "RUNNING" }] } });
  t.equal(exported.json.bytes, readFileSync(join(cwd, "g.flow")).length);
  const piped = start(cwd, ["export", "g"]);
  const bytes: Buffer[] = [];
  piped.child.stdout?.on("data", (chunk: Buffer) => bytes.push(chunk));
  t.match(await piped.ended, { code: 0, stderr: /^exported 1 flow, \d+ records, / });
  t.ok(Buffer.concat(bytes).equals(readFileSync(join(cwd, "g.flow"))), "standard output too");

  const imported = await fourstroke(cwd, ["import", "g.flow", "--dir", "new"]);
  t.match(imported, { code: 0, stdout: / gated {2}RUNNING {2}g {2}\d+ records imported\n/ });
  t.match(imported.stdout, "go on with: fourstroke resume g --dir new\n");
  const [before, after] = [await kept(".fourstroke", "g"), await kept("new", "g")];
  t.strictSame(after.batches, before.batches);
  t.equal(after.digest, before.digest);

  const copied = await json(["import", "g.flow", "--dir", "new", "--id", "copy"]);
  t.match(copied.json.flows, [{ id: "copy", name: "gated", state: "RUNNING" }]);
  openGate(cwd);
  const resumed = await fourstroke(cwd, ["resume", "copy", "--dir", "new"]);
  t.match(resumed, { code: 0, stdout: /seen = "the gate"/ });
  t.strictSame(
    ranIn(cwd).filter((line) => line === "first"),
    ["first", "first"],
    "of this flow and of the failing one: what was recorded did not run again",
  );
  t.equal((await kept(".fourstroke", "g")).digest, before.digest);
});

t.test("what can't be imported is refused before anything is written", async (t) => {
  await fourstroke(cwd, ["export", "r", "f", "--out", "two.flows"]);
  const whole = readFileSync(join(cwd, "two.flows"));
  const changed = Buffer.from(whole);
  changed[whole.length - 300] = (changed[whole.length - 300] ?? 0) ^ 1;
  writeFileSync(join(cwd, "changed.flows"), changed);
  writeFileSync(join(cwd, "cut.flows"), whole.subarray(0, -5));
  writeFileSync(join(cwd, "text.flows"), "hello");
  const refused = [
    [
      ["changed.flows"],
      8,
      /^error: the export can't be read: it is damaged: .* \(at byte \d+\)\n$/,
    ],
    [["cut.flows"], 8, /it is damaged: it is cut/],
    [["text.flows"], 8, "error: the export can't be read: it is no export of flows\n"],
    [["none.flows"], 2, "error: can't read none.flows (ENOENT)\n"],
    [["two.flows", "--id", "x"], 2, /--id names one flow, and two\.flows holds 2 flows/],
  ] as const;
  for (const [args, code, stderr] of refused) {
    t.match(await fourstroke(cwd, ["import", ...args, "--dir", "never"]), { code, stderr });
  }
  t.notOk(existsSync(join(cwd, "never")), "no journal was made");
  t.match(await fourstroke(cwd, ["import", "two.flows"]), {
    code: 2,
    stderr: /flow "[rf]" exists already/,
  });
  t.match(await fourstroke(cwd, ["import", "g.flow"]), {
    code: 2,
    stderr:
      'error: flow "g" exists already\n  under another id: fourstroke import g.flow --id ID\n',
  });
  t.match(await fourstroke(cwd, ["import", "two.flows", "--dir", "two"]), { code: 0 });
  t.strictSame(await ids("two"), ["f", "r"]);
});

t.test("an import that was cut off is begun again", async (t) => {
  await using journal = await openStore({ dir: join(cwd, "half") });
  const { batches = [] } = await kept(".fourstroke", "g");
  await journal.append("g", batches[0]!, "IMPORTING");
  t.match((await fourstroke(cwd, ["ls", "--dir", "half"])).stdout, /g +gated +IMPORTING/);
  t.match(await fourstroke(cwd, ["import", "g.flow", "--dir", "half"]), { code: 0 });
  t.strictSame(await journal.read("g"), batches);
});

t.test("export takes what fits, or says that nothing does", async (t) => {
  const all = await json([
    ...["export", "--state", "success,reverted", "--before", "2999-01-01", "--out", "all.flows"],
  ]);
  t.strictSame(
    all.json.flows.map(({ id }) => id),
    ["f", "r"],
  );
  const errors = [
    [["export"], /export takes IDs, or --state/],
    [["export", "--name", "none", "--out", "x"], /no flow is like that/],
    [["export", "rr", "--out", "x"], /no flow "rr"; did you mean "r"\?/],
    [["export", "r", "--out", "no/x"], /--out: there is no folder/],
    [["export", "r", "--json"], /--json needs --out FILE/],
    [["export", "--older-than", "7", "--out", "x"], /expected a number and its unit/],
    [["export", "--before", "yesterday", "--out", "x"], /expected a date/],
  ] as const;
  for (const [args, message] of errors) {
    const { code, stdout, stderr } = await fourstroke(cwd, args);
    t.equal(code, 2, args.join(" "));
    t.match(stdout + stderr, message);
  }
  t.notOk(existsSync(join(cwd, "x")));
  t.equal((await fourstroke(cwd, ["export", "r", "--dir", "nowhere"])).code, 8);
});

t.test("purge forgets what is over, and nothing else", async (t) => {
  await fourstroke(cwd, ["import", "two.flows", "--dir", "purged"]);
  await fourstroke(cwd, ["import", "g.flow", "--dir", "purged"]);
  const purge = async (...args: string[]) => fourstroke(cwd, ["purge", "--dir", "purged", ...args]);
  t.match(await purge("r"), {
    code: 2,
    stderr: /purge asks first, and nobody is there to answer\n {2}say --yes, or --dry-run/,
  });
  t.match(await purge("--yes"), { code: 2, stderr: /purge takes IDs, or --state/ });
  t.match(await purge("r", "g", "--yes"), {
    code: 14,
    stderr:
      'error: flow "g" can\'t be purged in state RUNNING\n  it is not over; --force forgets it',
  });
  t.match(await purge("--state", "running", "--yes"), { code: 2, stderr: /"RUNNING" is none of/ });
  t.strictSame(await ids("purged"), ["g", "f", "r"]);
  t.match(await purge("--older-than", "7d", "--yes"), { code: 0, stdout: "nothing to remove\n" });
  const dry = await json([...["purge", "--dir", "purged", "--older-than", "1ms", "--dry-run"]]);
  t.match(dry.json, { dryRun: true, flows: [{ id: "f" }, { id: "r" }], freed: null });
  t.strictSame(await ids("purged"), ["g", "f", "r"]);
  t.match(await purge("--older-than", "1ms", "--yes"), { code: 0, stdout: /^2 flows removed/ });
  t.strictSame(await ids("purged"), ["g"]);
  t.match(await purge("g", "--force", "--yes"), { code: 0, stdout: /^1 flow removed/ });
  t.strictSame(await ids("purged"), []);
});

t.test("a flow that somebody runs, or whose job is open, is kept", async (t) => {
  const folder = join(cwd, "elsewhere");
  const args = ["--dir", folder];
  const running = start(t.testdir(), ["run", `${flows}#gated`, "--id", "e", ...args]);
  await running.untilRan("held");
  t.match(await fourstroke(cwd, ["purge", "e", "--force", "--yes", ...args]), {
    code: 9,
    stderr: /flow "e" is being run by process \d+/,
  });
  running.signal("SIGKILL");
  await running.ended;
  await fourstroke(cwd, ["import", "two.flows", ...args]);
  await fourstroke(cwd, ["post", "failing", "--id", "f", ...args]);
  t.match(await fourstroke(cwd, ["purge", "f", "--yes", ...args]), {
    code: 14,
    stderr: /flow "f" can't be purged in state UNCLAIMED/,
  });
  t.match(await fourstroke(cwd, ["purge", "--older-than", "1ms", "--yes", ...args]), {
    stdout: /^1 flow removed/,
    stderr: "1 flow kept: their jobs are not over\n",
  });
  t.strictSame(await ids(folder), ["f", "e"]);
});

t.test("room that is freed is told", async (t) => {
  const dir = "room";
  const store = JSON.stringify({ a: "x".repeat(300_000), b: "!" });
  writeFileSync(join(cwd, "large.json"), store);
  const args = ["--id", "large", "--store", "@large.json", "--dir", dir];
  await fourstroke(cwd, ["run", `${flows}#sums`, ...args]);
  const { json: document } = await json(["purge", "large", "--yes", "--dir", dir]);
  t.ok((document.freed ?? 0) > 300_000, `${document.freed} bytes`);
});

t.test("from a folder into JetStream and back", { skip: noServer }, async (t) => {
  const server = await startServer(t);
  const nats = ["--nats", server.url];
  t.match(await fourstroke(cwd, ["import", "two.flows", ...nats]), { code: 0 });
  const imported = await fourstroke(cwd, ["import", "g.flow", ...nats]);
  t.match(imported.stdout, `go on with: fourstroke post gated --nats ${server.url} --id g\n`);
  t.match(await fourstroke(cwd, ["import", "g.flow", ...nats]), { code: 2 });
  const { batches = [] } = await kept(".fourstroke", "g");
  {
    await using transport = await connectNats({ servers: server.url });
    await using journal = natsJournal(transport);
    t.strictSame(await journal.read("g"), batches);
  }
  t.match(await fourstroke(cwd, ["export", "g", ...nats, "--out", "back.flow"]), { code: 0 });
  t.ok(readFileSync(join(cwd, "back.flow")).equals(readFileSync(join(cwd, "g.flow"))), "the same");
  const { json: document } = await json([...["purge", "--older-than", "1ms", "--yes", ...nats]]);
  t.match(document.flows, [{ id: "f" }, { id: "r" }]);
  t.ok((document.freed ?? 0) > 1_000, `${document.freed} bytes`);
  t.match(await fourstroke(cwd, ["export", "r", ...nats, "--out", "x"]), { code: 2 });
});
