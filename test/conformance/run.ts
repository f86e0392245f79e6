/** Runs the conformance cases in a folder and tells how they ended. */
import { parseArgs } from "node:util";
import { type JournalKind, Rig } from "./rig.ts";
import type { Case, EngineKind } from "./scenario.ts";
import { type CaseFile, type Ending, listCases, readCase, runCase } from "./suite.ts";

const usage = `usage: npm run conformance -- DIR [options]

Runs every case (*.json, format 1) in a folder and in the folders in there.

  --engine serial|parallel   default serial
  --journal memory|sqlite    default memory
  --only PREFIX              only cases whose file name begins with it
  --seed N                   lets each call of a task take some time, drawn from N; default 0, none

Exits with 0 when no case failed, 1 when one did, 2 when none could be run.`;

interface Asked {
  readonly folder: string;
  readonly engine: EngineKind;
  readonly journal: JournalKind;
  readonly only: string;
  readonly seed: number;
}

/** @throws Error with a text for people when the arguments make no sense */
function readArguments(given: string[]): Asked {
  const { values, positionals } = parseArgs({
    args: given,
    allowPositionals: true,
    options: {
      engine: { type: "string", default: "serial" },
      journal: { type: "string", default: "memory" },
      only: { type: "string", default: "" },
      seed: { type: "string", default: "0" },
    },
  });
  const [folder, ...more] = positionals;
  if (folder === undefined || more.length > 0) throw new RangeError("name one folder with cases");
  const seed = Number(values.seed);
  if (!Number.isSafeInteger(seed)) throw new RangeError(`--seed ${values.seed} is no whole number`);
  return {
    folder,
    engine: oneOf("--engine", values.engine, ["serial", "parallel"]),
    journal: oneOf("--journal", values.journal, ["memory", "sqlite"]),
    only: values.only,
    seed,
  };
}

function oneOf<Word extends string>(option: string, given: string, words: readonly Word[]): Word {
  const word = words.find((known) => known === given);
  if (word === undefined) throw new RangeError(`${option} is ${words.join(" or ")}, got ${given}`);
  return word;
}

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
