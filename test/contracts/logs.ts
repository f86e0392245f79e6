/** What holds of lines that tasks log, wherever they run. */
import type { Test } from "tap";
import { type EngineOptions, load, memoryJournal } from "../../lib/index.ts";
import { LoggedLines, type LoggedLine } from "../../lib/plan/logged.ts";
import type { FlowRecord } from "../../lib/plan/records.ts";
import type { Item } from "../../lib/types.ts";
import { bulky, floodLines, floods, pours, talks } from "../executor/fixtures/logging.ts";

interface Ran {
  readonly lines: readonly LoggedLine[];
  readonly records: readonly FlowRecord[];
  /** Batches that were recorded. */
  readonly batches: number;
}

async function run(flow: Item, options: EngineOptions): Promise<Ran> {
  const journal = memoryJournal();
  const engine = load(flow as never, { ...options, journal });
  await engine.run();
  const batches = await journal.read(engine.id);
  const reading = new LoggedLines();
  const lines = batches.flatMap(({ first, at, records }) =>
    records.flatMap((record, place) => reading.take(record, first + place, at) ?? []),
  );
  return { lines, records: batches.flatMap(({ records }) => records), batches: batches.length };
}

const short = ({ atom, direction, attempt, line, level, message }: LoggedLine): string =>
  `${atom} ${direction}#${attempt} ${line} ${level}: ${message}`;

/** @param start - opens hosts that have the tasks of fixtures/logging.ts, for as long as the test runs */
export function logsContract(
  t: Test,
  name: string,
  start: (t: Test) => Promise<EngineOptions>,
): void {
  t.test(`${name}: lines are kept in order, each before the outcome of its attempt`, async (t) => {
    const before = Date.now();
    const { lines, records } = await run(talks, await start(t));
    t.strictSame(lines.map(short), [
      "hold execute#1 1 info: holding",
      "talk execute#1 1 debug: one",
      "talk execute#1 2 info: two",
      "talk execute#1 3 error: three",
      "hold revert#1 1 warn: letting go",
      "hold execute#2 1 info: holding",
      "talk execute#2 1 debug: one",
      "talk execute#2 2 info: two",
      "talk execute#2 3 error: three",
    ]);
    t.strictSame(
      lines.slice(2, 5).map(({ fields }) => fields),
      [
        { n: 2, list: new Set(["x"]) },
        { error: { name: "RangeError", message: "too far", code: "E_FAR" } },
        { why: "told to" },
      ],
    );
    t.ok(lines.every(({ at, missing }) => at >= before && at <= Date.now() && missing === 0));
    const place = (match: (record: FlowRecord) => boolean): number => records.findIndex(match);
    for (const attempt of [1, 2]) {
      const last = place((it) => it.kind === "logged" && it.line === 3 && it.attempt === attempt);
      const outcome = place(
        (it) => it.kind === "executed" && it.atom > 1 && it.attempt === attempt,
      );
      t.ok(last > 0 && last < outcome, `attempt ${attempt}`);
    }
  });

  t.test(
    `${name}: no more than so many lines are kept, and what is missing is counted`,
    async (t) => {
      const options = await start(t);
      const { lines } = await run(floods, options);
      t.equal(lines.length, 1_002);
      t.equal(lines[999]?.message, "line 1000");
      t.match(lines[1_000], {
        level: "warn",
        message: /^no more lines .* its 1000 lines, 128 KiB/,
      });
      const dropped = floodLines - 1_000;
      const message = `${dropped} lines were not kept`;
      t.match(lines[1_001], { level: "warn", message, fields: { dropped }, line: 1_002 });
      const poured = (await run(pours, options)).lines;
      const kept = Math.floor((128 * 1024) / 4_000);
      t.equal(poured.length, kept + 2);
      t.match(poured.at(-1), { fields: { dropped: 100 - kept } });
    },
  );

  t.test(`${name}: what is too large or no data is left out, and named`, async (t) => {
    const [long, some, fragile, many] = (await run(bulky, await start(t))).lines;
    t.equal(long?.message, `${"y".repeat(4_096)}… (5904 more characters)`);
    t.strictSame(some?.fields, { fine: 1, "(left out)": ["huge", "call", "\uFFFD"] });
    t.equal(fragile?.message, `\uFEFF${"mark ".repeat(20)}`);
    t.strictSame(fragile?.fields, { map: new Map([[{ k: 1 }, 2n]]) });
    const named = Array.from({ length: 10 }, (_, n) => `f${100 + n}`);
    t.strictSame(many?.fields?.["(left out)"], [...named, "20 more"]);
    t.equal(many?.fields?.["f99"], 99);
  });

  t.test(`${name}: kept or not, the flow's other records are the same`, async (t) => {
    const options = await start(t);
    const kept = await run(talks, options);
    const without = await run(talks, { ...options, keepLogs: false });
    t.strictSame(without.lines, []);
    const kinds = ({ records }: Ran): string[] =>
      records.map(({ kind }) => kind).filter((kind) => kind !== "logged");
    t.strictSame(kinds(kept), kinds(without));
    t.equal(kept.batches, without.batches, "a line never makes a batch by itself");
  });
}
