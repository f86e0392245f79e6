/**
 * Loaded into the process of each test file, after what tap measures coverage with there.
 *
 * Whatever that process starts would get the same, and be three times as long at starting: hooks for
 * each module, in a thread of their own. It gets scripts/coverage.mjs instead.
 */
const own = new URL("coverage.mjs", import.meta.url).href;
const taps = process.execArgv
  .find((flag) => flag.includes("/@tapjs/processinfo/"))
  ?.slice("--import=".length);
const measures = process.env._TAPJS_PROCESSINFO_COVERAGE_ === "1";

if (taps !== undefined && measures) {
  // Threads and forks take the flags of the process that they are started from.
  const flags = process.execArgv.filter((flag) => !flag.endsWith("test-process.mjs"));
  process.execArgv = flags.map((flag) => flag.replace(taps, own));
  // What tap adds to the environment of each child process; listeners are called in this order.
  const { listeners } = globalThis[Symbol.for("process-on-spawn@*:singletonId")];
  listeners.push((child) => {
    child.env = { ...child.env, NODE_OPTIONS: child.env.NODE_OPTIONS.replaceAll(taps, own) };
  });
}
