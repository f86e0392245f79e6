// What the tasks of a flow have logged, as people see it: of flows that are over, that run, and whose runner was killed.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import type { LineDocument } from "../../lib/cli/logs.ts";
import { noServer, startServer } from "../nats/server.ts";
import { document, fourstroke, openGate, ranIn, type Running, start } from "./fourstroke.ts";

// Dozens of processes take their time on a busy machine.
t.setTimeout(180_000);

const file = join(import.meta.dirname, "fixtures/chatty.js");

/** Without the time in front. */
const told = (text: string): string[] =>
  text
    .trimEnd()
    .split("\n")
    .map((line) => line.replace(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} {2}/, ""));

const sourLines = [
  "DEBUG  greet#1  clearing its throat",
  'INFO   greet#1  hello  to=you  words=["one","two"]  quote="a \\"b\\""',
  "ERROR  breaks#1  it will break",
  "WARN   greet#1 revert  taking it back",
  "  word by word",
];

t.test("of a flow that is over: all lines, those of some atoms, those that matter", async (t) => {
  const cwd = t.testdir();
  t.equal((await fourstroke(cwd, ["run", `${file}#sour`, "--id", "s"])).code, 3);
  const all = await fourstroke(cwd, ["logs", "s"]);
  t.match(all, { code: 0, stderr: "" });
  t.strictSame(told(all.stdout), sourLines);
  t.notMatch(all.stdout, /\u001b/, "no colours for a file");
  const of = async (...args: string[]) =>
    told((await fourstroke(cwd, ["logs", "s", ...args])).stdout);
  t.strictSame(await of("--level", "warn"), sourLines.slice(2));
  t.strictSame(await of("--atom", "breaks"), [sourLines[2]]);
  t.strictSame(await of("--atom", "breaks,greet", "--level", "error"), [sourLines[2]]);
  const { code, json } = await document(cwd, ["logs", "s", "--level", "info"]);
  t.equal(code, 0);
  const lines = (json as unknown as { lines: LineDocument[] }).lines;
  t.match(json, { id: "s", name: "sour", state: "REVERTED" });
  t.match(lines, [
    {
      ...{ sequence: Number, at: Number, level: "info", atom: "greet", direction: "execute" },
      ...{ attempt: 1, line: 2, missing: 0, message: "hello", fields: { to: "you" } },
    },
    { level: "error", atom: "breaks", fields: {} },
    { level: "warn", direction: "revert", line: 1, message: "taking it back\nword by word" },
  ]);
  const coloured = await fourstroke(cwd, ["logs", "s"], { FORCE_COLOR: "1" });
  t.match(coloured.stdout, "\u001b[31mERROR\u001b[39m");
  t.match(coloured.stdout, "\u001b[33mWARN \u001b[39m");
  const history = await fourstroke(cwd, ["history", "s"]);
  t.match(history.stdout, /logged +breaks execute #1 error it will break\n/);
});

t.test("what isn't there is said: exit 2", async (t) => {
  const cwd = t.testdir();
  await fourstroke(cwd, ["run", `${file}#sour`, "--id", "sour-1"]);
  const wrong = async (...args: string[]) => {
    const { code, stderr } = await fourstroke(cwd, ["logs", ...args]);
    t.equal(code, 2);
    return stderr;
  };
  t.equal(await wrong("sour-2"), 'error: no flow "sour-2"; did you mean "sour-1"?\n');
  t.equal(await wrong("sour-2", "-f"), 'error: no flow "sour-2"; did you mean "sour-1"?\n');
  t.match(await wrong("sour-1", "--atom", "brakes"), 'no atom "brakes"; did you mean "breaks"?');
  t.match(await wrong("sour-1", "--level", "loud"), "Allowed choices are debug, info, warn, error");
  t.match(await fourstroke(cwd, ["logs", "x", "--dir", "none"]), { code: 8 });
});

t.test("-f of a flow that is over tells it, and ends with its exit code", async (t) => {
  const cwd = t.testdir();
  await fourstroke(cwd, ["run", `${file}#sour`, "--id", "s"]);
  const { code, stdout, stderr } = await fourstroke(cwd, ["logs", "s", "-f"]);
  t.equal(code, 3);
  t.strictSame(told(stdout), sourLines);
  t.equal(stderr, "flow sour  REVERTED  s\n");
});

t.test("-f shows lines while the flow runs, and what becomes of it", async (t) => {
  const cwd = t.testdir();
  const running = start(cwd, ["run", `${file}#chatty`, "--id", "c"]);
  await running.untilRan("held");
  const following = start(cwd, ["logs", "c", "-f", "--level", "info"]);
  const json = start(cwd, ["logs", "c", "-f", "--json"]);
  await following.until("a line of a task that runs", () => following.stdout.includes("gate is"));
  t.notMatch(following.stdout, "open");
  openGate(cwd);
  t.equal((await running.ended).code, 0);
  const { code, stdout, stderr } = await following.ended;
  t.equal(code, 0);
  t.strictSame(told(stdout).slice(1), [
    "WARN   held#1  the gate is closed",
    "INFO   held#1  the gate is open",
    'ERROR  leave#1  goodbye  [31mred  error={"name":"RangeError","message":"too far"}',
  ]);
  t.equal(stderr, "flow chatty  SUCCESS  c\n");
  const documents = (await json.ended).stdout.trimEnd().split("\n");
  const messages = documents.map((line) => (JSON.parse(line) as LineDocument).message);
  t.strictSame(messages.length, 5);
  t.equal(messages[2], "the gate is closed");
});

t.test("-f outlives whoever runs the flow, and says how it goes on", async (t) => {
  const cwd = t.testdir();
  const running = start(cwd, ["run", `${file}#chatty`, "--id", "c"]);
  await running.untilRan("held");
  const following = start(cwd, ["logs", "c", "-f"]);
  await following.until("it greets", () => following.stdout.includes("hello"));
  running.signal("SIGKILL");
  await following.until("it says so", () => following.stderr !== "");
  t.equal(
    following.stderr,
    "the process that ran it is gone; it goes on with: fourstroke resume c\n",
  );
  openGate(cwd);
  t.equal((await fourstroke(cwd, ["resume", "c"])).code, 0);
  const { code, stdout } = await following.ended;
  t.equal(code, 0);
  t.equal(stdout.split("hello").length, 2, "no line is shown twice");
  t.match(stdout, /held#1 {2}the gate is open[^]*leave#1 {2}goodbye/);
});

t.test("Ctrl-C leaves, and so does whoever reads no more; the flow goes on", async (t) => {
  const cwd = t.testdir();
  const running = start(cwd, ["run", `${file}#chatty`, "--id", "c"]);
  await running.untilRan("held");
  const following = start(cwd, ["logs", "c", "-f"]);
  await following.until("it greets", () => following.stdout.includes("hello"));
  following.signal("SIGINT");
  await following.ended;
  t.equal(following.child.signalCode, "SIGINT");
  const reading = start(cwd, ["logs", "c", "-f"]);
  await reading.until("it greets", () => reading.stdout.includes("hello"));
  reading.child.stdout?.destroy();
  openGate(cwd);
  t.equal((await running.ended).code, 0);
  await reading.ended;
});

/** A process that stays, in a folder of its own below `cwd`, once it is ready. */
async function stay(t: Test, cwd: string, name: string, ...args: string[]): Promise<Running> {
  const folder = join(cwd, name);
  mkdirSync(folder);
  const it = start(folder, args);
  t.teardown(() => {
    it.signal("SIGKILL");
  });
  await it.until("it is ready", () => it.stdout.includes("ready"));
  return it;
}

t.test(
  "on a server: from before it is claimed, over its conductor's death, to its end",
  { skip: noServer },
  async (t) => {
    const server = await startServer(t);
    const cwd = t.testdir();
    const nats = ["--nats", server.url];
    const conduct = ["conductor", file, ...nats, "--lease-ms", "1000"];
    await fourstroke(cwd, ["post", "chatty", "--id", "c", ...nats]);
    const following = start(cwd, ["logs", "c", "-f", ...nats]);
    const first = await stay(t, cwd, "one", ...conduct);
    const node = await stay(t, cwd, "work", "node", file, ...nats, "--lease-ms", "1000");
    await following.until("it greets", () => following.stdout.includes("hello"));
    await node.until("it is held", () => ranIn(join(cwd, "work")).includes("held"));
    first.signal("SIGKILL");
    await first.ended;
    await stay(t, cwd, "two", ...conduct);
    openGate(join(cwd, "work"));
    const { code, stdout, stderr } = await following.ended;
    t.equal(code, 0);
    t.equal(stderr, "flow chatty  SUCCESS  c\n");
    t.match(told(stdout).join("\n"), /held#1 {2}the gate is open\nERROR {2}leave#1 {2}goodbye/);
    t.match(node.stdout, /the gate is closed \{"flow":"c","atom":"held"/, "the node tells it too");
    const again = await fourstroke(cwd, ["logs", "c", ...nats]);
    t.match(again, { code: 0, stdout });
  },
);
