// Lines that tasks log on workers, over a real server.
import t from "tap";
import { Worker } from "../../actors/worker.ts";
import { connectNats } from "../../lib/nats/connect.ts";
import { systemClock } from "../../lib/system.ts";
import type { Flow, Task } from "../../lib/types.ts";
import { logsContract } from "../contracts/logs.ts";
import * as flows from "../executor/fixtures/logging.ts";
import { noServer, startServer } from "./server.ts";

const log = (): void => undefined;
const tasks = Object.values(flows)
  .filter((it): it is Exclude<typeof it, number> => typeof it === "object")
  .flatMap((flow) => (flow as unknown as Flow).items as readonly Task[]);

t.test("workers", { skip: noServer }, (t) => {
  logsContract(t, "workers", async (t) => {
    const server = await startServer(t);
    const [near, far] = [
      await connectNats({ servers: server.url }),
      await connectNats({ servers: server.url }),
    ];
    const worker = new Worker({ id: "one.1", transport: far, tasks, clock: systemClock, log });
    await worker.start();
    t.teardown(async () => {
      worker.close();
      await Promise.all([near[Symbol.asyncDispose](), far[Symbol.asyncDispose]()]);
    });
    return { engine: "workers", transport: near };
  });
  t.end();
});
