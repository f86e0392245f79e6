/** Runs the conformance cases in a folder and tells how they ended. */
import { type Asked, readArguments, usage } from "./asked.ts";
import { type CaseFile, listCases, readCase } from "./cases.ts";
import { Rig } from "./rig.ts";
import type { Case } from "./scenario.ts";
import { type Ending, runCase } from "./suite.ts";

function casesIn({ folder, only }: Asked): CaseFile[] {
  const files = listCases(folder).filter(({ name }) => name.startsWith(only));
  if (files.length === 0) throw new RangeError(`no case in ${folder} begins with "${only}"`);
  return files;
}

async function runFile(file: CaseFile, rig: Rig): Promise<Ending> {
  let test: Case;
  try {
    test = readCase(file.path);
  } catch (error) {
    return { kind: "failed", why: [textOf(error)] };
  }
  return rig.use(file, (setup) => runCase(test, setup));
}

async function runAll(files: readonly CaseFile[], asked: Asked): Promise<number> {
  const { engine, journal, seed } = asked;
  await using rig = new Rig({ engine, journal, seed, files });
  try {
    await rig.start();
  } catch (error) {
    console.error(`engine "${engine}" can't be had here: ${textOf(error)}`);
    return 2;
  }
  const counts: Record<Ending["kind"], number> = { passed: 0, failed: 0, skipped: 0 };
  const skips = new Map<string, number>();
  for (const file of files) {
    const ending = await runFile(file, rig);
    counts[ending.kind]++;
    if (ending.kind === "skipped") skips.set(ending.why, (skips.get(ending.why) ?? 0) + 1);
    if (ending.kind === "failed") console.log(`FAILED ${file.name}\n  ${ending.why.join("\n  ")}`);
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
