/** All of the project's cases on one kind of engine, as a test. */
import t from "tap";
import { casesFolder } from "./folder.ts";
import { type JournalKind, Rig } from "./rig.ts";
import type { EngineKind } from "./scenario.ts";
import { listCases, readCase, runCase } from "./suite.ts";

/** @param skipped - how many cases don't apply to it; what may be skipped is `skipReason`'s */
export function testWhole(
  engine: EngineKind,
  journal: JournalKind,
  { seed = 0, skipped }: { readonly seed?: number; readonly skipped: number },
): void {
  const times = seed === 0 ? "" : `, durations drawn from ${seed}`;
  t.test(`all cases hold on ${engine} with ${journal}${times}`, async (t) => {
    await using rig = new Rig(engine, journal, seed);
    const failures: string[] = [];
    const counts = { passed: 0, failed: 0, skipped: 0 };
    for (const { name, path } of listCases(casesFolder)) {
      const test = readCase(path);
      const ending = await rig.use((setup) => runCase(test, setup));
      counts[ending.kind]++;
      if (ending.kind === "failed") failures.push(`${name}: ${ending.why.join("; ")}`);
    }
    t.strictSame(failures, []);
    t.strictSame(counts, { passed: 291 - skipped, failed: 0, skipped });
  });
}
