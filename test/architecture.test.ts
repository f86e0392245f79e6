// What holds of the sources as a whole: floors, no cycles, no clock or chance inside (I6).
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { posix, resolve } from "node:path";
import t from "tap";
import ts from "typescript";

/**
 * Ground floor first: a file imports from its own floor or below. The first pattern that fits
 * decides.
 */
const floors: readonly (readonly RegExp[])[] = [
  [/^lib\/(errors|failure|ids|names|nearest|bytes|clock|codec|jsonable|notifier|text)\.ts$/],
  [
    /^lib\/(types|log|atom|backoff|declared|pace|task|redactor|retry|decider|schema)\.ts$/,
    /^lib\/(patterns|typed)\//,
  ],
  [/^lib\/compile\//],
  [/^lib\/plan\//, /^lib\/secrets\.ts$/],
  [/^lib\/statechart\//],
  [
    /^lib\/(journal|jobboard|loading|transport)\//,
    /^lib\/executor\/(?!pool\/host\.ts)/,
    /^lib\/(system|pulse)\.ts$/,
  ],
  [/^actors\//],
  [/^lib\/executor\/pool\/host\.ts$/, /^lib\/(nats|renewal)\//, /^lib\/telemetry(-here)?\.ts$/],
  [/^lib\/why\//],
  [/^lib\/inspector\//],
  [/^lib\/cli\//, /^lib\/index\.ts$/],
];

/** Where the outside comes in. Everything else is handed its clock, its chance and its streams. */
const adapters = [
  /^lib\/(system|pulse)\.ts$/,
  /^lib\/renewal\//,
  /^lib\/journal\/sqlite/,
  /^lib\/(loading|cli)\//,
  /^lib\/executor\/pool\//,
  /^lib\/nats\/(connect|beats|beat-thread)\.ts$/,
  /^lib\/inspector\/((server|guard|files)\.ts$|page\/)/,
];

/** Modules of Node that compute and do nothing else, and what computes in those that do more. */
const pureModules = new Set(["node:assert", "node:assert/strict", "node:buffer", "node:util"]);
const pureNames = new Map([
  ["node:crypto", "createHash"],
  ["node:zlib", "crc32"],
]);

/** Globals that read a clock, wait, draw at random or read the environment. */
const forbiddenGlobals = new Set(
  (
    "setTimeout setInterval setImmediate clearTimeout clearInterval clearImmediate " +
    "performance crypto fetch"
  ).split(" "),
);
const forbiddenMembers = new Set(
  "Date.now Math.random process.env process.hrtime process.nextTick AbortSignal.timeout".split(" "),
);

type Sources = ReadonlyMap<string, string>;

const isCore = (path: string) => /^(lib|actors)\//.test(path);
const fits = (path: string, patterns: readonly RegExp[]) => patterns.some((it) => it.test(path));
const floorOf = (path: string) => floors.findIndex((patterns) => fits(path, patterns));

/** Everything that `path` names in an import, an export from or an import(), types included. */
function importsOf(path: string, text: string): string[] {
  return ts
    .preProcessFile(text)
    .importedFiles.map(({ fileName }) =>
      fileName.startsWith(".") ? posix.join(posix.dirname(path), fileName) : fileName,
    );
}

function floorFaults(sources: Sources): string[] {
  const faults: string[] = [];
  for (const [path, text] of sources) {
    const floor = floorOf(path);
    if (isCore(path) && floor === -1) faults.push(`${path} has no floor`);
    for (const to of importsOf(path, text)) {
      if (to.startsWith("test/") && !path.startsWith("test/")) faults.push(`${path} imports ${to}`);
      if (to === "nats" && isCore(path) && !path.startsWith("lib/nats/")) {
        faults.push(`${path} imports nats, which only lib/nats/ may`);
      }
      if (isCore(path) && floorOf(to) > floor) faults.push(`${path} imports ${to}, up`);
    }
  }
  return faults;
}

function cycles(sources: Sources): string[] {
  const faults: string[] = [];
  const done = new Set<string>();
  const visit = (path: string, above: readonly string[]): void => {
    if (above.includes(path)) {
      faults.push([...above.slice(above.indexOf(path)), path].join(" -> "));
      return;
    }
    if (done.has(path)) return;
    for (const to of importsOf(path, sources.get(path) ?? "")) {
      if (sources.has(to)) visit(to, [...above, path]);
    }
    done.add(path);
  };
  for (const path of sources.keys()) visit(path, []);
  return faults;
}

function outsideFaults(sources: Sources): string[] {
  const faults: string[] = [];
  for (const [path, text] of sources) {
    if (!isCore(path) || fits(path, adapters)) continue;
    const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
    const found = (node: ts.Node, what: string) => {
      const { line } = file.getLineAndCharacterOfPosition(node.getStart());
      faults.push(`${path}:${line + 1} ${what}`);
    };
    const visit = (node: ts.Node): void => {
      const what = outsideOf(node);
      if (what !== undefined) found(node, what);
      ts.forEachChild(node, visit);
    };
    visit(file);
  }
  return faults;
}

/** What `node` itself reaches outside for, if anything. */
function outsideOf(node: ts.Node): string | undefined {
  if (ts.isImportDeclaration(node)) return impureImport(node);
  if (ts.isPropertyAccessExpression(node) && ts.isIdentifier(node.expression)) {
    const member = `${node.expression.text}.${node.name.text}`;
    if (node.expression.text === "globalThis") return member;
    return forbiddenMembers.has(member) ? member : undefined;
  }
  if (ts.isNewExpression(node) || ts.isCallExpression(node)) {
    const isDate = ts.isIdentifier(node.expression) && node.expression.text === "Date";
    // `new Date(ms)` is arithmetic; without an argument, or called as a function, it reads the
    // clock.
    if (isDate && (ts.isCallExpression(node) || !node.arguments?.length)) return "Date()";
  }
  if (ts.isIdentifier(node) && forbiddenGlobals.has(node.text) && isReference(node)) {
    return node.text;
  }
  return undefined;
}

function impureImport(node: ts.ImportDeclaration): string | undefined {
  const from = ts.isStringLiteral(node.moduleSpecifier) ? node.moduleSpecifier.text : "";
  if (!from.startsWith("node:") || pureModules.has(from)) return undefined;
  if (node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword) return undefined;
  const named = node.importClause?.namedBindings;
  const names = named && ts.isNamedImports(named) ? named.elements.map((it) => it.name.text) : [];
  const pure = names.length > 0 && names.every((name) => name === pureNames.get(from));
  return pure ? undefined : `imports ${from}`;
}

/** False for the name of a member, as in `clock.setTimeout` or `{ setTimeout() {} }`. */
function isReference(node: ts.Identifier): boolean {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === node;
  if (ts.isShorthandPropertyAssignment(parent)) return true;
  const named = parent as { name?: ts.Node };
  return named.name !== node && !ts.isQualifiedName(parent);
}

const root = resolve(import.meta.dirname, "../..");

function readSources(...folders: string[]): Sources {
  const present = folders.filter((folder) => existsSync(resolve(root, folder)));
  const paths = present.flatMap((folder) =>
    readdirSync(resolve(root, folder), { recursive: true, encoding: "utf8" })
      .filter((path) => path.endsWith(".ts"))
      .map((path) => `${folder}/${path.replaceAll("\\", "/")}`),
  );
  return new Map(paths.sort().map((path) => [path, readFileSync(resolve(root, path), "utf8")]));
}

const sources = readSources("lib", "actors", "bench", "examples", "test");

t.test("a file imports from its own floor or below", async (t) => {
  t.ok(sources.has("lib/errors.ts") && sources.has("actors/task.ts"), "the sources were read");
  t.strictSame(floorFaults(sources), []);
});

t.test("no file imports itself through others", async (t) => {
  t.strictSame(cycles(sources), []);
});

t.test("I6: clock, chance and the outside come in through adapters only", async (t) => {
  t.strictSame(outsideFaults(sources), []);
});

t.test("planted faults are found", async (t) => {
  const plant = (path: string, text: string): Sources => new Map([[path, text]]);
  const up = 'export { x } from "../compile/compile.ts";';
  t.strictSame(floorFaults(plant("lib/patterns/graph.ts", up)), [
    "lib/patterns/graph.ts imports lib/compile/compile.ts, up",
  ]);
  t.strictSame(floorFaults(plant("lib/compile/a.ts", 'await import("../plan/fold.ts");')), [
    "lib/compile/a.ts imports lib/plan/fold.ts, up",
  ]);
  t.strictSame(floorFaults(plant("lib/leftovers.ts", "")), ["lib/leftovers.ts has no floor"]);
  t.strictSame(floorFaults(plant("actors/a.ts", 'import "nats";')), [
    "actors/a.ts imports nats, which only lib/nats/ may",
  ]);
  t.strictSame(floorFaults(plant("lib/nats/rpc.ts", 'import "nats";')), []);
  t.strictSame(floorFaults(plant("bench/a.ts", 'import "../test/b.ts";')), [
    "bench/a.ts imports test/b.ts",
  ]);
  const circle = new Map([
    ["lib/plan/a.ts", 'import type { B } from "./b.ts";'],
    ["lib/plan/b.ts", 'import { a } from "./a.ts";'],
  ]);
  t.strictSame(cycles(circle), ["lib/plan/a.ts -> lib/plan/b.ts -> lib/plan/a.ts"]);
});

const reachesOut = [
  ["Date.now()", "Date.now"],
  ["new Date()", "Date()"],
  ["new Date", "Date()"],
  ["Date()", "Date()"],
  ["setTimeout(f, 1)", "setTimeout"],
  ["const clock = { setTimeout }", "setTimeout"],
  ["globalThis.setTimeout(f, 1)", "globalThis.setTimeout"],
  ["setInterval(f, 1)", "setInterval"],
  ["setImmediate(f)", "setImmediate"],
  ["const draw = Math.random", "Math.random"],
  ["performance.now()", "performance"],
  ["crypto.randomUUID()", "crypto"],
  ["process.env.HOME", "process.env"],
  ['import { randomBytes, createHash } from "node:crypto"', "imports node:crypto"],
  ['import * as crypto from "node:crypto"', "imports node:crypto"],
  ['import { readFile } from "node:fs/promises"', "imports node:fs/promises"],
] as const;

const staysInside = [
  "new Date(ms)",
  "clock.setTimeout(f, 1)",
  "interface Clock { setTimeout(fn: () => void): void }",
  "const clock = { setTimeout: (f: () => void) => f }",
  "// Date.now() in words",
  '"Math.random"',
  'import { createHash } from "node:crypto"',
  'import { crc32 } from "node:zlib"',
  'import { isDeepStrictEqual } from "node:util"',
  'import type { Server } from "node:net"',
];

t.test("what reaches outside is told from what doesn't", async (t) => {
  for (const [text, what] of reachesOut) {
    const faults = outsideFaults(new Map([["lib/plan/a.ts", text]]));
    t.strictSame(faults, [`lib/plan/a.ts:1 ${what}`], text);
    t.strictSame(outsideFaults(new Map([["lib/system.ts", text]])), [], `an adapter may: ${text}`);
  }
  for (const text of staysInside) {
    t.strictSame(outsideFaults(new Map([["lib/plan/a.ts", text]])), [], text);
  }
});
