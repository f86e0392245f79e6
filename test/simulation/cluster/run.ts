/** `npm run simulate -- --seeds N [--from S]`: runs clusters, and tells the story of the first that breaks a promise. */
import { parseArgs } from "node:util";
import { ClusterWorld } from "./world.ts";

const { values } = parseArgs({
  options: { seeds: { type: "string", default: "100" }, from: { type: "string", default: "1" } },
});
const [seeds, from] = [Number(values.seeds), Number(values.from)];
let [events, records, calls] = [0, 0, 0];
const startedAt = performance.now();
for (let seed = from; seed < from + seeds; seed++) {
  const world = new ClusterWorld({ seed });
  const violation = await world.run();
  await new Promise(setImmediate);
  events += world.events;
  records += world.oracle.records;
  calls += world.oracle.calls;
  if (violation === undefined) continue;
  const again = new ClusterWorld({ seed, isTold: true });
  await again.run();
  console.log(again.trace.lines.slice(-Number(process.env["LINES"] ?? 60)).join("\n"));
  console.log(`seed ${seed}: ${violation.stack}`);
  process.exitCode = 1;
  break;
}
const ms = performance.now() - startedAt;
console.log({ seeds, events, records, calls, ms, per: ms / seeds });
