// `fourstroke completion`: shells load what it prints, and complete with it.
import { spawnSync } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { openStore } from "../../lib/cli/store.ts";
import { begin } from "../journal/batches.ts";
import { fourstroke, main } from "./fourstroke.ts";

t.setTimeout(180_000);

/** An id that runs a command if a shell takes it for more than text. */
const hostile = "x$(touch owned)`touch owned`";

const cwd = t.testdir();

t.before(async () => {
  await using journal = await openStore({ dir: join(cwd, ".fourstroke") });
  for (const id of ["server-17", "server-18", hostile, "two\nlines"]) {
    await journal.append(id, begin(id), "SUCCESS");
  }
  const { code, stdout } = await fourstroke(cwd, ["completion", "bash"]);
  t.equal(code, 0);
  writeFileSync(
    join(cwd, "complete.sh"),
    `set -u
fourstroke() { '${process.execPath}' '${main}' "$@"; }
${stdout}
complete -p fourstroke
compopt() { :; }
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _fourstroke
((\${#COMPREPLY[@]})) && printf '%s\\n' "\${COMPREPLY[@]}"
exit 0
`,
  );
});

function complete(...words: string[]): string[] {
  const { status, stdout, stderr } = spawnSync("bash", ["complete.sh", "fourstroke", ...words], {
    cwd,
    encoding: "utf8",
  });
  if (status !== 0 || stderr !== "") throw new Error(`bash ended with ${status}: ${stderr}`);
  const [loaded, ...found] = stdout.trimEnd().split("\n");
  if (loaded !== "complete -F _fourstroke fourstroke") throw new Error(`it said ${loaded}`);
  return found;
}

const noBash = spawnSync("bash", ["--version"]).status === 0 ? false : "there is no bash";

t.test("bash completes verbs, options, choices, files and ids", { skip: noBash }, async (t) => {
  t.strictSame(complete("re"), ["resume", "restore", "retry", "report"]);
  t.ok(complete("").includes("completion"));
  t.strictSame(complete("export", "--ol"), ["--older-than"]);
  t.strictSame(complete("run", "--engine", "t"), ["threads"]);
  t.strictSame(complete("import", "compl"), ["complete.sh"]);
  t.strictSame(complete("tree", "--watch", "s"), ["server-18", "server-17"]);
  t.strictSame(complete("purge", "server-17", "server-17", "s"), ["server-18", "server-17"]);
  t.strictSame(complete("show", "--dir", "elsewhere", "s"), []);
  t.strictSame(complete("show", "server-17", "s"), [], "it takes one");
  t.strictSame(complete("show", "--dir", ".fo"), [".fourstroke"]);
  t.strictSame(complete("completion", "f"), ["fish"]);
});

t.test("ids are nothing that a shell evaluates", { skip: noBash }, async (t) => {
  t.strictSame(complete("show", "x"), ["x\\$\\(touch\\ owned\\)\\`touch\\ owned\\`"]);
  t.notOk(existsSync(join(cwd, "owned")));
  const { stdout } = await fourstroke(cwd, ["completion", "--ids"]);
  t.strictSame(stdout.split("\n"), [hostile, "server-18", "server-17", ""]);
  const nowhere = await fourstroke(cwd, ["completion", "--ids", "--dir", "nowhere"]);
  t.match(nowhere, { code: 0, stdout: "", stderr: "" });
  t.notOk(existsSync(join(cwd, "nowhere")), "looking makes nothing");
});

t.test("other shells have all verbs too; unknown ones are told", async (t) => {
  for (const shell of ["zsh", "fish"]) {
    const { code, stdout } = await fourstroke(cwd, ["completion", shell]);
    t.equal(code, 0);
    for (const verb of ["run", "tree", "export", "completion"]) t.match(stdout, verb);
    t.match(stdout, "older-than");
    t.notMatch(stdout, /--ids\[|-l ids /, "what is hidden stays so");
  }
  for (const args of [["completion"], ["completion", "tcsh"]]) {
    t.match(await fourstroke(cwd, args), { code: 2, stderr: /bash, zsh, fish/ });
  }
});
