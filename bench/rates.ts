/** Measures several things in turns and sets them against each other. */

export interface Subject {
  readonly name: string;
  /** How many units one run makes. */
  readonly units: number;
  readonly run: () => Promise<unknown>;
}

/** Units per second of each subject: the median of its rounds. */
export type Rates = ReadonlyMap<string, number>;

export interface Effort {
  /** Rounds that count. */
  readonly rounds: number;
  /** Milliseconds each subject runs in a round, at least once. */
  readonly roundMs: number;
}

/** Enough for a median that holds; `BENCH_QUICK` is for trying the benches themselves. */
export const effort: Effort =
  process.env["BENCH_QUICK"] === undefined
    ? { rounds: 7, roundMs: 400 }
    : { rounds: 2, roundMs: 50 };

/**
 * Runs the subjects one after the other, round after round, so that what the machine does beside meets all of them.
 * The first round warms up and doesn't count.
 */
export async function measure(
  subjects: readonly Subject[],
  { rounds, roundMs } = effort,
): Promise<Rates> {
  const samples = new Map(subjects.map(({ name }) => [name, [] as number[]]));
  for (let round = 0; round <= rounds; round++) {
    for (const { name, units, run } of subjects) {
      let done = 0;
      const start = performance.now();
      do {
        await run();
        done += units;
      } while (performance.now() - start < roundMs);
      if (round > 0) samples.get(name)?.push((done / (performance.now() - start)) * 1_000);
    }
  }
  return new Map([...samples].map(([name, rates]) => [name, median(rates)]));
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}

/** A row per subject: its rate, and its ratio to the limit that it is held against. */
export function report(title: string, rates: Rates, limit: string): void {
  const base = rates.get(limit) ?? NaN;
  console.log(`\n${title} (ratio to: ${limit})`);
  console.table(
    [...rates].map(([subject, rate]) => ({
      subject,
      "per second": Math.round(rate).toLocaleString("en"),
      ratio: Number((rate / base).toFixed(2)),
    })),
  );
}
