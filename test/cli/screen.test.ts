// The live tree on a terminal of its own, made by `script`.
import { spawnSync } from "node:child_process";
import t from "tap";
import { flows, main, Running } from "./fourstroke.ts";

const probe = spawnSync("script", ["-qec", "true", "/dev/null"]);
const skip =
  probe.status === 0 ? false : "there is no `script -qec`, which gives a pseudo-terminal";

const escape = "\u001b";

/** What is left on a terminal's lines once all was written; knows what the tree uses, and nothing else. */
function screenOf(written: string): string[] {
  const lines: string[] = [""];
  let row = 0;
  for (const [token, up] of written.matchAll(
    new RegExp(
      `${escape}\\[(\\d+)A|${escape}\\[J|${escape}\\[[?\\d]+[hlm]|\\r|\\n|[^${escape}\\r\\n]+`,
      "g",
    ),
  )) {
    if (up !== undefined) row -= Number(up);
    else if (token === `${escape}[J`) lines.splice(row, lines.length, "");
    else if (token === "\n") lines[++row] ??= "";
    else if (token !== "\r" && !token.startsWith(escape))
      lines[row] = `${lines[row] ?? ""}${token}`;
  }
  return lines;
}

const inTerminal = (cwd: string, command: string, env: Record<string, string> = {}): Running =>
  new Running(cwd, "script", ["-qec", `stty rows 20 cols 100; ${command}`, "/dev/null"], {
    TERM: "xterm-256color",
    ...env,
  });

const cli = `'${process.execPath}' '${main}'`;

t.test("a run ends with the whole tree, and what tasks printed above it", { skip }, async (t) => {
  const cwd = t.testdir();
  const store = `'{"a": 1, "b": 2}'`;
  const { code, stdout } = await inTerminal(
    cwd,
    `${cli} run '${flows}#sums' --id s --store ${store}`,
  ).ended;
  t.equal(code, 0);
  const screen = screenOf(stdout).map((line) => line.replaceAll(/\d+(\.\d)? m?s\b/g, "N ms"));
  t.strictSame(screen, [
    'saying it {"sum":3}',
    "printed by a task",
    "✔ sums  SUCCESS  3/3  N ms  s",
    "├─ ✔ add        SUCCESS    N ms",
    "└─ ✔ both  2/2",
    "   ├─ ✔ double  SUCCESS    N ms",
    "   └─ ✔ say     SUCCESS    N ms",
    "  sum     = 3",
    "  doubled = 6",
    '  said    = {"at":"1970-01-01T00:00:00.000Z","big":"12","pairs":[[1,null]]}',
    "",
  ]);
  t.match(stdout, `${escape}[32mSUCCESS${escape}[39m`);
  t.ok(
    stdout.lastIndexOf(`${escape}[?25h`) > stdout.lastIndexOf(`${escape}[?25l`),
    "a cursor again",
  );
});

t.test("while it runs, the tree is drawn again in place", { skip }, async (t) => {
  const cwd = t.testdir();
  const running = inTerminal(cwd, `exec ${cli} run '${flows}#gated' --id g`, { NO_COLOR: "1" });
  await running.untilRan("held");
  await running.until("it shows progress", () => running.stdout.includes("50 %"));
  const [head, first, held] = screenOf(running.stdout);
  t.match(head, /^. gated {2}RUNNING {2}1\/3 /);
  t.match(first, /✔ first {2}SUCCESS/);
  t.match(held, /held {3}RUNNING {4}━+ 50 %/);
  t.notMatch(running.stdout, new RegExp(`${escape}\\[3\\dm`), "NO_COLOR is honoured");
  running.child.kill("SIGKILL");
  await running.ended;
});

t.test("a dumb terminal gets lines", { skip }, async (t) => {
  const { stdout } = await inTerminal(t.testdir(), `${cli} run '${flows}#bare' --id b`, {
    TERM: "dumb",
  }).ended;
  t.equal(
    stdout.replaceAll("\r", ""),
    "flow bare  RUNNING  b\nbare  RUNNING\nbare  SUCCESS\nflow bare  SUCCESS  b\n",
  );
});
