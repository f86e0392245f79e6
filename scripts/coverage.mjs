/**
 * Measures what of lib/ and actors/ a process or thread runs that a test has started, and leaves it
 * at its end where tap's report finds it. Source maps are found through the compiled files.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { Session } from "node:inspector";
import { join } from "node:path";
import { randomUUID } from "node:crypto";

const measured = ["lib", "actors"].map(
  (name) => new URL(`../build/${name}/`, import.meta.url).href,
);
const folder = join(process.env._TAPJS_PROCESSINFO_CWD_ ?? ".", ".tap/coverage");

const session = new Session();
session.connect();
session.post("Profiler.enable");
session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });

process.once("exit", () => {
  session.post("Profiler.takePreciseCoverage", (error, taken) => {
    if (error) throw error;
    const result = taken.result.filter(({ url }) =>
      measured.some((start) => url.startsWith(start)),
    );
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, `${randomUUID()}.json`), JSON.stringify({ result }));
  });
});
