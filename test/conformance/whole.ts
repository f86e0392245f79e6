/** All cases of a folder on one kind of engine, as a test. */
import { basename } from "node:path";
import t from "tap";
import type { EngineKind } from "../../actors/options.ts";
import { listCases, readCase } from "./cases.ts";
import { type JournalKind, Rig } from "./rig.ts";
import { runCase } from "./suite.ts";

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
  /** Why it can't be run here at all. */
  readonly skip?: string | false;
}

export function testWhole({ folder, engine, journal, seed = 0, skip, ...due }: Whole): void {
  const times = seed === 0 ? "" : `, durations drawn from ${seed}`;
  const name = basename(folder);
  t.test(
    `all ${name} hold on ${engine} with ${journal}${times}`,
    { skip: skip ?? false },
    async (t) => {
      const files = listCases(folder);
      await using rig = new Rig({ engine, journal, seed, files });
      const failures: string[] = [];
      const counts = { passed: 0, failed: 0, skipped: 0 };
      for (const file of files) {
        const test = readCase(file.path);
        const ending = await rig.use(file, (setup) => runCase(test, setup));
        counts[ending.kind]++;
        if (ending.kind === "failed") failures.push(`${file.name}: ${ending.why.join("; ")}`);
      }
      t.strictSame(failures, []);
      t.strictSame(counts, { failed: 0, ...due });
    },
  );
}
