/** All cases of a folder on one kind of engine, as a test. */
import { basename } from "node:path";
import t from "tap";
import { type JournalKind, Rig } from "./rig.ts";
import type { EngineKind } from "./scenario.ts";
import { listCases, readCase, runCase } from "./suite.ts";

export interface Whole {
  readonly folder: string;
  readonly engine: EngineKind;
  readonly journal: JournalKind;
  /** See `Rig`. */
  readonly seed?: number;
  /** How many cases must pass. */
  readonly passed: number;
  /** How many don't apply to it. */
  readonly skipped: number;
}

export function testWhole({ folder, engine, journal, seed = 0, passed, skipped }: Whole): void {
  const times = seed === 0 ? "" : `, durations drawn from ${seed}`;
  const name = basename(folder);
  t.test(`all ${name} hold on ${engine} with ${journal}${times}`, async (t) => {
    await using rig = new Rig(engine, journal, seed);
    const failures: string[] = [];
    const counts = { passed: 0, failed: 0, skipped: 0 };
    for (const { name, path } of listCases(folder)) {
      const test = readCase(path);
      const ending = await rig.use((setup) => runCase(test, setup));
      counts[ending.kind]++;
      if (ending.kind === "failed") failures.push(`${name}: ${ending.why.join("; ")}`);
    }
    t.strictSame(failures, []);
    t.strictSame(counts, { passed, failed: 0, skipped });
  });
}
