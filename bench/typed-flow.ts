// Source text of large flows, and a compiler that takes texts for files.
import { resolve } from "node:path";
import ts from "typescript";

const root = resolve(import.meta.dirname, "../..");

/**
 * A module in which each task takes a symbol of the task before and one of the store; `lacking` one
 * of those, it must not compile.
 */
export function largeFlow(pattern: "linear" | "graph", tasks: number, lacking?: string): string {
  const numbers = Array.from({ length: tasks }, (_, number) => number);
  const before = (number: number) => (number === 0 ? "" : `s${number - 1}: { n: ${number - 1} }; `);
  const named = (number: number) => (number === 0 ? "" : `"s${number - 1}", `);
  const store = numbers.map((number) => `in${number}`).filter((symbol) => symbol !== lacking);
  return [
    `import { ${pattern} } from "../../lib/patterns/${pattern}.ts";`,
    'import { task } from "../../lib/task.ts";',
    'import { run } from "./run.ts";',
    ...numbers.map(
      (number) => `const t${number} = task({
        name: "t${number}",
        requires: [${named(number)}"in${number}"],
        provides: "s${number}",
        execute: ({ in${number} }: { ${before(number)}in${number}: string }, { signal }) =>
          ({ n: ${number} as const, text: in${number}, signal }),
        revert: (inputs, { result }) => result?.text.concat(inputs.in${number}),
      });`,
    ),
    `const flow = ${pattern}("f", ${numbers.map((number) => `t${number}`).join(", ")});`,
    `const results = await run(flow, { store: { ${store.map((it) => `${it}: "x"`).join(", ")} } });`,
    `results.s${tasks - 1}.n satisfies ${tasks - 1};`,
  ].join("\n");
}

/** Compiles modules of test/types, by name; `texts` replaces those on disk. */
export function program(names: readonly string[], texts: ReadonlyMap<string, string>): ts.Program {
  const path = (name: string) => resolve(root, "test/types", name);
  const replaced = new Map([...texts].map(([name, text]) => [path(name), text]));
  const read = ts.readConfigFile(resolve(root, "tsconfig.json"), (it) => ts.sys.readFile(it));
  const parsed = ts.parseJsonConfigFileContent(read.config as unknown, ts.sys, root);
  const options = { ...parsed.options, noEmit: true };
  const disk = ts.createCompilerHost(options);
  const host: ts.CompilerHost = {
    ...disk,
    getCurrentDirectory: () => root,
    readFile: (name) => replaced.get(resolve(name)) ?? disk.readFile(name),
    fileExists: (name) => replaced.has(resolve(name)) || disk.fileExists(name),
    getSourceFile: (name, version, ...rest) => {
      const text = replaced.get(resolve(name));
      return text === undefined
        ? disk.getSourceFile(name, version, ...rest)
        : ts.createSourceFile(name, text, version, true);
    },
  };
  return ts.createProgram(names.map(path), options, host);
}

/** What the compiler says of a module: the line, from 1, what it says, and what it underlines. */
export function complaints(
  compiled: ts.Program,
  name: string,
): { readonly line: number; readonly text: string }[] {
  const file = compiled.getSourceFile(resolve(root, "test/types", name));
  if (file === undefined) throw new Error(`no module ${name}`);
  const found = [
    ...compiled.getSyntacticDiagnostics(file),
    ...compiled.getSemanticDiagnostics(file),
  ];
  return found.map((diagnostic) => ({
    line: file.getLineAndCharacterOfPosition(diagnostic.start ?? 0).line + 1,
    text: [diagnostic, ...(diagnostic.relatedInformation ?? [])]
      .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n"))
      .concat(underlined(file, diagnostic))
      .join("\n"),
  }));
}

/** The first line of it. */
function underlined({ text }: ts.SourceFile, { start = 0, length = 0 }: ts.Diagnostic): string {
  return text.slice(start, start + length).split("\n")[0] ?? "";
}

/** The text of a module on disk. */
export function textOf(name: string): string {
  const text = ts.sys.readFile(resolve(root, "test/types", name));
  if (text === undefined) throw new Error(`no module ${name}`);
  return text;
}
