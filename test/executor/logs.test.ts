// Lines that tasks log, from every host within one machine.
import t from "tap";
import { Pool } from "../../lib/executor/pool/pool.ts";
import { logsContract } from "../contracts/logs.ts";

// Threads and processes take their time on a busy machine.
t.setTimeout(180_000);

for (const engine of ["serial", "parallel"] as const) {
  logsContract(t, engine, () => Promise.resolve({ engine }));
}

for (const kind of ["threads", "processes"] as const) {
  const modules = [new URL("./fixtures/logging.js", import.meta.url)];
  logsContract(t, kind, (t) => {
    const pool = new Pool({ kind, size: 2, modules });
    t.teardown(() => pool.close());
    return Promise.resolve({ engine: kind, pool });
  });
}
