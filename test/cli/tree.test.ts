// `fourstroke tree`: a flow's tree from its journal, once or until it ends, whoever runs it.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import t from "tap";
import type { TreeDocument } from "../../lib/cli/show-tree.ts";
import { noServer, startServer } from "../nats/server.ts";
import {
  document,
  flows,
  fourstroke,
  main,
  openGate,
  ranIn,
  Running,
  start,
} from "./fourstroke.ts";

// Dozens of processes take their time on a busy machine.
t.setTimeout(400_000);

const jobs = join(import.meta.dirname, "fixtures/jobs.js");

/** Without what differs from run to run. */
const still = (text: string): string => text.replace(/ {2}\d+ ms\b| {2}\d+\.\d s\b/g, "  TIME");

const tree = async (cwd: string, id: string): Promise<TreeDocument> =>
  (await document(cwd, ["tree", id])).json as unknown as TreeDocument;

t.test("a flow that is over is shown with attempts, times and failures", async (t) => {
  const cwd = t.testdir();
  await fourstroke(cwd, ["run", `${flows}#retried`, "--id", "r"]);
  await fourstroke(cwd, ["run", `${flows}#stuck`, "--id", "s"]);
  const { code, stdout } = await fourstroke(cwd, ["tree", "r"]);
  t.equal(code, 0);
  t.strictSame(still(stdout).split("\n"), [
    "✔ retried  SUCCESS  2/2  TIME  r",
    "├─ ✔ retried_retry  SUCCESS    #2  TIME",
    "└─ ✔ flaky          SUCCESS    #2  TIME",
    "",
  ]);
  const stuck = await fourstroke(cwd, ["tree", "s"]);
  t.equal(stuck.code, 0, "it was shown");
  t.match(still(stuck.stdout), /├─ ✖ keeps {3}REVERT_FAILURE {2}TIME {2}can't undo it\n/);
  t.match(stuck.stdout, "    caused by Error: disk full (ENOSPC)\n");
  t.match(stuck.stdout, "once that is mended: fourstroke resume s\n");
  const shown = await tree(cwd, "s");
  t.match(shown, {
    id: "s",
    state: "FAILURE",
    tree: {
      kind: "flow",
      name: "stuck",
      items: [
        { name: "keeps", state: "REVERT_FAILURE", failure: { message: "can't undo it" } },
        { name: "breaks", kind: "task", state: "REVERTED", attempt: 1, reverts: 1 },
      ],
    },
  });
  const [keeps] = shown.tree?.items ?? [];
  t.ok((keeps?.endedAt ?? 0) >= (keeps?.startedAt ?? Infinity));
  t.match(await fourstroke(cwd, ["tree", "q"]), { code: 2, stderr: /no flow "q"/ });
  t.equal((await fourstroke(cwd, ["tree", "q", "--watch"])).code, 2);
  t.equal((await fourstroke(cwd, ["tree", "q", "--dir", "none"])).code, 8);
  const watched = await fourstroke(cwd, ["tree", "s", "--watch"]);
  t.equal(watched.code, 4, "as the flow itself ends");
});

t.test("a watch goes on when the flow's process was killed, and ends with the flow", async (t) => {
  const cwd = t.testdir();
  const first = start(cwd, ["run", `${flows}#gated`, "--id", "g"]);
  await first.untilRan("held");
  const watch = start(cwd, ["tree", "g", "--watch"]);
  const quiet = start(cwd, ["tree", "g", "--watch", "--json"]);
  await watch.until("it runs", () => watch.stdout.includes("held  RUNNING\n"));
  first.signal("SIGKILL");
  await first.ended;
  await watch.until("it says so", () => watch.stderr.includes("its process is gone"));
  t.match(
    (await fourstroke(cwd, ["tree", "g"])).stdout,
    "nobody runs it: fourstroke resume g goes",
  );
  const second = start(cwd, ["resume", "g"]);
  await second.untilRan("held", 2);
  await watch.until("it goes on", () => watch.stderr.includes("another process goes on with it"));
  openGate(cwd);
  const { code, stdout, stderr } = await watch.ended;
  t.equal(code, 0);
  t.strictSame(stdout.split("\n").slice(0, 3), [
    "flow gated  RUNNING  g",
    "first  SUCCESS",
    "held  RUNNING",
  ]);
  t.match(stdout, /\nheld {2}SUCCESS\nlast {2}RUNNING\nlast {2}SUCCESS\n/);
  t.match(stdout, /flow gated {2}SUCCESS {2}g\n {2}seen = "the gate"\n$/);
  t.match(stderr, "go on with: fourstroke resume g\nanother process goes on with it\n");
  const { code: ended, stdout: printed } = await quiet.ended;
  t.equal(ended, 0);
  t.match(JSON.parse(printed), { id: "g", state: "SUCCESS" });
  t.strictSame(ranIn(cwd), ["first", "held", "held", "last"]);
});

t.test("Ctrl-C ends the watch, and not the flow", async (t) => {
  const cwd = t.testdir();
  const running = start(cwd, ["run", `${flows}#gated`, "--id", "g"]);
  await running.untilRan("held");
  const watch = start(cwd, ["tree", "g", "--watch"]);
  await watch.until("it runs", () => watch.stdout.includes("held  RUNNING\n"));
  watch.signal("SIGINT");
  t.match(await watch.ended, { code: 130, stderr: /no longer watched; the flow goes on/ });
  openGate(cwd);
  t.equal((await running.ended).code, 0);
});

const probe = spawnSync("script", ["-qec", "true", "/dev/null"]);
const noTerminal = probe.status === 0 ? false : "there is no `script -qec`";

t.test("on a terminal the tree is drawn again in place", { skip: noTerminal }, async (t) => {
  const cwd = t.testdir();
  const running = start(cwd, ["run", `${flows}#gated`, "--id", "g"]);
  await running.untilRan("held");
  const command = `stty rows 20 cols 100; exec '${process.execPath}' '${main}' tree g --watch`;
  const watch = new Running(cwd, "script", ["-qec", command, "/dev/null"], {
    TERM: "xterm-256color",
    NO_COLOR: "1",
  });
  await watch.until("it is drawn", () => watch.stdout.includes("held   RUNNING"));
  t.match(watch.stdout, "Ctrl-C ends the watch, not the flow");
  openGate(cwd);
  const { stdout } = await watch.ended;
  const last = stdout.slice(stdout.lastIndexOf("\u001b[?25h")).replaceAll("\r", "");
  t.match(
    still(last).replace("\u001b[?25h", ""),
    [
      "✔ gated  SUCCESS  3/3  TIME  g",
      "├─ ✔ first  SUCCESS    TIME",
      "├─ ✔ held   SUCCESS    TIME",
      "└─ ✔ last   SUCCESS    TIME",
      '  seen = "the gate"',
      "",
    ].join("\n"),
  );
  t.equal((await running.ended).code, 0);
});

t.test("a job on a server is watched from before it begins", { skip: noServer }, async (t) => {
  const server = await startServer(t);
  const cwd = t.testdir();
  const nats = ["--nats", server.url];
  await fourstroke(cwd, ["post", "sums", "--id", "s", "--store", '{"a": 1, "b": 2}', ...nats]);
  const watch = start(cwd, ["tree", "s", "--watch", ...nats]);
  await watch.until("it waits", () =>
    watch.stderr.includes('job "sums" has not begun: it is UNCLAIMED'),
  );
  const conductor = start(cwd, ["conductor", jobs, "--engine", "serial", ...nats]);
  t.teardown(() => {
    conductor.signal("SIGKILL");
  });
  const { code, stdout } = await watch.ended;
  t.equal(code, 0);
  t.match(stdout, /^flow sums {2}SUCCESS {2}s$/m);
  t.match(stdout, /\n {2}sum = 3\n/);
  t.match((await fourstroke(cwd, ["tree", "s", ...nats])).stdout, /^✔ sums {2}SUCCESS/);
});
