// The transport of a simulated cluster keeps the contract of all transports: what the simulation shows holds for them.
import t from "tap";
import { nobody } from "../../lib/transport/message.ts";
import { transportContract } from "../contracts/transport.ts";
import { Network } from "./cluster/network.ts";
import { Process } from "./cluster/process.ts";
import { Trace } from "./cluster/trace.ts";
import { SimTransport, type Spy } from "./cluster/transport.ts";
import { seeded, Time } from "./time.ts";

const spy: Spy = { sent: () => [], taken: () => undefined };

transportContract(t, "simulated", {
  isRouted: true,
  open: async (t, limits) => {
    const [time, random] = [new Time(), seeded(1)];
    const weather = { dropRate: 0, duplicateRate: 0, slowestMs: 0.01, patienceMs: 1_000 };
    const network = new Network(time, random, new Trace(time, false), weather);
    const broken = (error: unknown): void => {
      t.error(error);
    };
    const join = (): SimTransport =>
      new SimTransport(
        network.join(new Process("p", "client", { time, random, broken })),
        spy,
        limits,
      );
    let isOver = false;
    const startedAt = performance.now() - time.now;
    // In step with the time that tests measure.
    const pass = (): void => {
      for (let events = 0; events < 100; events++) {
        if ((time.dueAt ?? Infinity) > performance.now() - startedAt) break;
        time.next();
      }
      if (time.dueAt === undefined) time.advance(performance.now() - startedAt);
      if (!isOver) setImmediate(pass);
    };
    pass();
    t.teardown(() => (isOver = true));
    const [near, far] = [join(), join()];
    return {
      near,
      far,
      inject: (to, bytes) => {
        far.taken(to, bytes, [], () => nobody);
        far.hear(to, bytes);
      },
    };
  },
});
