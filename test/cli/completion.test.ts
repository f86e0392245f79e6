// `fourstroke completion`: shells load what it prints, and complete with it.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { openStore } from "../../lib/cli/store.ts";
import { begin } from "../journal/batches.ts";
import { fourstroke, main } from "./fourstroke.ts";

// Dozens of processes take their time on a busy machine.
t.setTimeout(300_000);

/** An id that runs a command if a shell takes it for more than text. */
const hostile = "x$(touch owned)`touch owned`";

const cwd = t.testdir();

const shells = ["bash", "zsh", "fish"] as const;
type Shell = (typeof shells)[number];

const program = `'${process.execPath}' '${main}'`;

/** What makes a shell load its script, complete the words it is given and print what it found. */
const drivers: Readonly<Record<Shell, string>> = {
  bash: `set -u
fourstroke() { ${program} "$@"; }
source ./complete-source.bash
complete -p fourstroke >/dev/null || exit 1
compopt() { :; }
COMP_WORDS=(fourstroke "$@"); COMP_CWORD=$#; _fourstroke
((\${#COMPREPLY[@]})) && printf '%s\\n' "\${COMPREPLY[@]}"
exit 0
`,
  // Only a terminal has completion: a shell in one of its own is typed to. Its line at the end goes to a file, too.
  zsh: `zmodload zsh/zpty
rm -f found line; touch found
said() { local text; while zpty -r shell text; do [[ $text == *$1* ]] && return; done; exit 1 }
zpty shell zsh -f -i
zpty -w shell "source ./inner.zsh"
said "<ready>"
zpty -w -n shell "fourstroke $*"$'\\t'
said "<found>"
zpty -w -n shell $'\\x18'
said "<line>"
zpty -d shell
cat found
`,
  fish: `function fourstroke; ${program} $argv; end
source complete-source.fish
complete -C "fourstroke $argv" | string replace -r '\\t.*' ''
exit 0
`,
};

/** What zsh has found goes to a file before it is shown. */
const innerZsh = `autoload -Uz compinit; compinit -u -D
fourstroke() { ${program} "$@" }
source ./complete-source.zsh
compadd() {
  local -a found
  if ((! \${argv[(I)-[OAD]]})); then
    builtin compadd -O found "$@"
    print -rl -- $found >>found
  fi
  builtin compadd "$@"
}
capture() { _main_complete "$@"; print -r -- "<found>" }
zle -C capture complete-word capture
line() { print -rn -- "$BUFFER" >line; print -r -- "<line>" }
zle -N line
bindkey '^I' capture '^X' line
print "<ready>"
`;

const missing = (shell: Shell): string | false =>
  spawnSync(shell, ["--version"]).status === 0 ? false : `there is no ${shell}`;

t.before(async () => {
  await using journal = await openStore({ dir: join(cwd, ".fourstroke") });
  for (const id of ["server-17", "server-18", hostile, "two\nlines"]) {
    await journal.append(id, begin(id), "SUCCESS");
  }
  writeFileSync(join(cwd, "inner.zsh"), innerZsh);
  for (const shell of shells) {
    const { code, stdout } = await fourstroke(cwd, ["completion", shell]);
    t.equal(code, 0);
    writeFileSync(join(cwd, `complete-source.${shell}`), stdout);
    writeFileSync(join(cwd, `driver.${shell}`), drivers[shell]);
  }
});

function complete(shell: Shell, ...words: string[]): string[] {
  const plain = { bash: [], zsh: ["-f"], fish: ["--no-config"] }[shell];
  const { status, stdout, stderr } = spawnSync(shell, [...plain, `driver.${shell}`, ...words], {
    cwd,
    encoding: "utf8",
    timeout: 60_000,
  });
  if (status !== 0 || stderr !== "") throw new Error(`${shell} ended with ${status}: ${stderr}`);
  // Some show a thing twice, or end what is a folder with a slash.
  const found = stdout.split("\n").map((word) => word.replace(/\/$/, ""));
  return [...new Set(found)].filter((word) => word !== "").sort();
}

const cases: readonly (readonly [string, readonly string[], string])[] = [
  ["re", ["report", "restore", "resume", "retry"], "verbs"],
  ["--v", ["--version"], "what the program itself takes"],
  ["export --ol", ["--older-than"], "options"],
  ["run --engine t", ["threads"], "choices of an option"],
  ["completion f", ["fish"], "choices of an argument"],
  ["import inn", ["inner.zsh"], "a file"],
  ["conductor inner.zsh inn", ["inner.zsh"], "files, as many as there are"],
  ["resume server-17 inn", ["inner.zsh"], "a file that comes second"],
  ["show --dir .fo", [".fourstroke"], "a folder"],
  ["tree --watch s", ["server-17", "server-18"], "an id after an option"],
  ["logs --atom s s", ["server-17", "server-18"], "an id after an option and its value"],
  ["purge server-17 server-17 s", ["server-17", "server-18"], "ids, as many as there are"],
  ["show --dir .fourstroke s", ["server-17", "server-18"], "ids of a folder"],
  ["show --dir elsewhere s", [], "nothing of a folder that isn't there"],
  ["show server-17 s", [], "nothing where an argument is enough"],
  ["show wait --timeout", [], "no options of another verb, whatever an id is called"],
];

for (const shell of shells) {
  t.test(`${shell} completes`, { skip: missing(shell) }, async (t) => {
    for (const [line, expected, what] of cases) {
      t.strictSame(complete(shell, ...line.split(" ")), expected, what);
    }
    t.ok(complete(shell, "").includes("completion"), "all verbs after nothing");
  });
}

for (const shell of shells) {
  t.test(`ids are nothing that ${shell} evaluates`, { skip: missing(shell) }, async (t) => {
    const quoted = "x\\$\\(touch\\ owned\\)\\`touch\\ owned\\`";
    t.strictSame(complete(shell, "show", "x"), [shell === "bash" ? quoted : hostile]);
    if (shell === "zsh") {
      const typed = readFileSync(join(cwd, "line"), "utf8");
      t.equal(typed, `fourstroke show ${quoted} `, "what stands in its line");
    }
    t.notOk(existsSync(join(cwd, "owned")));
  });
}

t.test("ids are looked up, and nothing is made", async (t) => {
  const { stdout } = await fourstroke(cwd, ["completion", "--ids"]);
  t.strictSame(stdout.split("\n"), [hostile, "server-18", "server-17", ""]);
  const nowhere = await fourstroke(cwd, ["completion", "--ids", "--dir", "nowhere"]);
  t.match(nowhere, { code: 0, stdout: "", stderr: "" });
  t.notOk(existsSync(join(cwd, "nowhere")), "looking makes nothing");
});

t.test("with no shell to try them they have all verbs, and quotes that close", async (t) => {
  for (const shell of shells) {
    const script = readFileSync(join(cwd, `complete-source.${shell}`), "utf8");
    for (const verb of ["run", "tree", "export", "completion"]) t.match(script, verb);
    t.match(script, "older-than");
    t.notMatch(script, /--ids\[|-l ids /, "what is hidden stays so");
    const escaped = shell === "fish" ? /\\[\\']/g : /'\\''/g;
    const code = script.split("\n").filter((line) => !line.startsWith("#"));
    const open = code.filter((line) => line.replace(escaped, "").split("'").length % 2 === 0);
    t.strictSame(open, [], shell);
  }
  for (const args of [["completion"], ["completion", "tcsh"]]) {
    t.match(await fourstroke(cwd, args), { code: 2, stderr: /bash, zsh, fish/ });
  }
});
