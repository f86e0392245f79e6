/** The short story of a seed that broke a promise, for people. */
import { ClusterWorld, type Setup } from "./world.ts";

/** Lines of a story at most; what came first is left out. */
const mostLines = 60;

/** What is said again and again, whatever happens. */
const noise = / tells | asks | writes lease| does not start/;

/** Runs the seed once more, and tells it. */
export async function storyOf(setup: Setup, violation: Error): Promise<string> {
  const world = new ClusterWorld({ ...setup, isTold: true });
  await world.run();
  const { conductors, workers, jobs, weather } = world.plan;
  const about = /job-\d+/.exec(violation.message)?.[0];
  const isMeant = (line: string): boolean => {
    if (noise.test(line)) return false;
    const of = /job-\d+/.exec(line)?.[0];
    return about === undefined || of === undefined || of === about;
  };
  const lines = world.trace.lines.filter(isMeant);
  const left = Math.max(0, lines.length - mostLines);
  const flows = jobs.map(({ flow }, at) => `job-${at} of "${flow}"`).join(", ");
  return [
    `seed ${setup.seed}: ${violation.message}`,
    `${conductors} conductors, ${workers} workers; ${flows}`,
    `of 1,000 messages ${1_000 * weather.dropRate} get lost and ${1_000 * weather.duplicateRate} come twice, the slowest takes ${weather.slowestMs} ms`,
    ...(left === 0 ? [] : [`... ${left} lines before that`]),
    ...lines.slice(-mostLines),
    `trace ${world.trace.digest()}`,
  ].join("\n");
}
