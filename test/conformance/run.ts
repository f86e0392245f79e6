/** Runs the conformance cases in a folder and tells how they ended. */
import { type Asked, readArguments, usage } from "./asked.ts";
import { Rig } from "./rig.ts";
import type { Case } from "./scenario.ts";
import { type CaseFile, type Ending, listCases, readCase, runCase } from "./suite.ts";

function casesIn({ folder, only }: Asked): CaseFile[] {
  const files = listCases(folder).filter(({ name }) => name.startsWith(only));
  if (files.length === 0) throw new RangeError(`no case in ${folder} begins with "${only}"`);
  return files;
}

async function runFile(path: string, rig: Rig): Promise<Ending> {
  let test: Case;
  try {
    test = readCase(path);
  } catch (error) {
    return { kind: "failed", why: [textOf(error)] };
  }
  return rig.use((setup) => runCase(test, setup));
}

async function runAll(files: readonly CaseFile[], asked: Asked): Promise<number> {
  await using rig = new Rig(asked.engine, asked.journal, asked.seed);
  const counts: Record<Ending["kind"], number> = { passed: 0, failed: 0, skipped: 0 };
  const skips = new Map<string, number>();
  for (const { name, path } of files) {
    const ending = await runFile(path, rig);
    counts[ending.kind]++;
    if (ending.kind === "skipped") skips.set(ending.why, (skips.get(ending.why) ?? 0) + 1);
    if (ending.kind === "failed") console.log(`FAILED ${name}\n  ${ending.why.join("\n  ")}`);
  }
  for (const [why, count] of skips) console.log(`skipped ${count}: ${why}`);
  const { passed, failed, skipped } = counts;
  console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
  return failed === 0 ? 0 : 1;
}

async function main(): Promise<number> {
  let asked: Asked;
  let files: CaseFile[];
  try {
    asked = readArguments(process.argv.slice(2));
    files = casesIn(asked);
  } catch (error) {
    console.error(`${textOf(error)}\n\n${usage}`);
    return 2;
  }
  return runAll(files, asked);
}

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

const code = await main();
// A case that hangs may have left something behind that would keep the process alive.
process.stdout.write("", () => process.exit(code));
