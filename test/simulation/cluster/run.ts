/**
 * Runs simulated clusters, and tells the story of the first that breaks a promise.
 *
 * `npm run simulate -- --seeds N [--from S]`; exit code 1 if one does.
 */
import { parseArgs } from "node:util";
import { storyOf } from "./story.ts";
import { ClusterWorld } from "./world.ts";

const { values } = parseArgs({
  options: { seeds: { type: "string", default: "2000" }, from: { type: "string", default: "1" } },
});
const [seeds, from] = [whole("seeds", values.seeds), whole("from", values.from)];
let [events, records, calls] = [0, 0, 0];
for (let seed = from; seed < from + seeds; seed++) {
  const world = new ClusterWorld({ seed });
  const violation = await world.run();
  events += world.events;
  records += world.oracle.records;
  calls += world.oracle.calls;
  const at = seed - from + 1;
  if (violation === undefined) {
    if (at % 1_000 === 0) console.error(`${at} of ${seeds}`);
    continue;
  }
  console.log(await storyOf({ seed }, violation));
  process.exitCode = 1;
  break;
}
const cpuMs = Math.round(process.cpuUsage().user / 1_000);
if (process.exitCode === undefined) console.log(`${seeds} seeds, 0 violations`);
console.log(`${events} events, ${records} records, ${calls} calls in ${cpuMs} ms of one core`);

function whole(option: string, text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value > 0) return value;
  console.error(`--${option} ${text} is not a whole number of 1 or more`);
  process.exit(2);
}
