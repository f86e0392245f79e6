// The board's store of a simulated cluster keeps the contract of all boards: what the simulation shows holds for them.
import t from "tap";
import { Board } from "../../lib/jobboard/board.ts";
import type { BoardStore } from "../../lib/jobboard/store.ts";
import { systemClock, systemRandom } from "../../lib/system.ts";
import { jobboardContract } from "../contracts/jobboard.ts";
import { Network } from "./cluster/network.ts";
import { Process } from "./cluster/process.ts";
import { Leader } from "./cluster/servers.ts";
import { StoreServer } from "./cluster/store.ts";
import { Trace } from "./cluster/trace.ts";
import { seeded, Time } from "./time.ts";

const again = new WeakMap<object, () => BoardStore>();

jobboardContract(t, "simulated", {
  open: async (t, clock) => {
    const [time, random] = [new Time(), seeded(1)];
    const trace = new Trace(time, false);
    const weather = { dropRate: 0, duplicateRate: 0, slowestMs: 2, patienceMs: 1_000 };
    const network = new Network(time, random, trace, weather);
    const judge = { renewed: () => undefined, dropped: () => undefined };
    const server = new StoreServer(new Leader(time, random, trace), judge);
    const join = (): BoardStore => {
      const broken = (error: unknown): void => {
        t.error(error);
      };
      return server.store(network.join(new Process("p", "client", { time, random, broken })));
    };
    let isOver = false;
    const pass = (): void => {
      time.next();
      if (!isOver) setImmediate(pass);
    };
    pass();
    t.teardown(() => (isOver = true));
    const board = new Board({ store: join(), clock, random: systemRandom });
    again.set(board, join);
    return board;
  },
  again: async (board) => {
    const store = (again.get(board) as () => BoardStore)();
    return new Board({ store, clock: systemClock, random: systemRandom });
  },
});
