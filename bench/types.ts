/**
 * How long the compiler takes over the types of large flows: the time it checks a module with so many tasks, less that
 * for one task, which is the libraries' share. A flow of 100 tasks is to stay under 3 s.
 *
 * Measures one check in a fresh program, as `tsc` does it; an editor checks what was changed and keeps the rest. Doesn't
 * measure reading and parsing the files. Processor time, since the compiler waits for nothing: it bears a busy machine.
 */
import { complaints, largeFlow, program } from "./typed-flow.ts";

const sizes = [1, 10, 100, 300];
const rounds = process.env["BENCH_QUICK"] === undefined ? 3 : 1;

function check(pattern: "linear" | "graph", tasks: number): { ms: number; instantiations: number } {
  const name = `bench-${pattern}.ts`;
  const compiled = program([name], new Map([[name, largeFlow(pattern, tasks)]]));
  // The checker is made before the clock runs: what it does first is the libraries' share.
  compiled.getGlobalDiagnostics();
  const start = process.cpuUsage();
  const found = complaints(compiled, name);
  const { user, system } = process.cpuUsage(start);
  if (found.length > 0) throw new Error(found[0]?.text);
  return { ms: (user + system) / 1_000, instantiations: compiled.getInstantiationCount() };
}

for (const pattern of ["linear", "graph"] as const) {
  const rows: Record<string, number>[] = [];
  let libraries = NaN;
  for (const tasks of sizes) {
    const runs = Array.from({ length: rounds }, () => check(pattern, tasks));
    const ms = Math.min(...runs.map((run) => run.ms));
    if (tasks === 1) libraries = ms;
    rows.push({
      tasks,
      "check ms": Math.round(ms),
      "ms for the flow": Math.round(ms - libraries),
      "type instantiations": runs[0]?.instantiations ?? NaN,
    });
  }
  console.log(`\n${pattern}`);
  console.table(rows);
}
