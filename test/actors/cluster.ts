/** Engines and workers of one process, on a switch, in time that passes when the test says so. */
import assert from "node:assert/strict";
import type { Engine } from "../../actors/engine.ts";
import type { EngineOptions } from "../../actors/options.ts";
import { load } from "../../actors/run.ts";
import { Worker } from "../../actors/worker.ts";
import type { Random } from "../../lib/clock.ts";
import { FlowError } from "../../lib/errors.ts";
import type { Journal } from "../../lib/journal/journal.ts";
import { memoryJournal } from "../../lib/journal/memory.ts";
import { Switch } from "../../lib/transport/switch.ts";
import type { Transport } from "../../lib/transport/transport.ts";
import type { Item, Task } from "../../lib/types.ts";
import { Pocket } from "./fixture.ts";

export const leaseMs = 1_000;

export class Cluster {
  readonly pocket = new Pocket();
  readonly switch = new Switch(this.pocket.clock);
  readonly journal: Journal = memoryJournal();
  readonly logged: string[] = [];
  readonly log = (message: string): void => void this.logged.push(message);

  async worker(
    id: string,
    tasks: readonly Task[],
    { concurrency = 1, transport = this.switch.join(), limits = {} } = {},
  ): Promise<Worker> {
    const { log } = this;
    const { clock } = this.pocket;
    const worker = new Worker({ id, tasks, transport, concurrency, clock, log, leaseMs, limits });
    await this.pass(worker.start());
    return worker;
  }

  /** A process of its own: its dispatcher is shared with no other engine. */
  engine(flow: Item, options: EngineOptions = {}, transport = this.switch.join()): Engine {
    const { clock } = this.pocket;
    return load(flow as never, {
      engine: "workers",
      transport,
      journal: this.journal,
      clock,
      leaseMs,
      log: this.log,
      ...options,
    });
  }

  /** Lets time pass until the promise is settled. */
  async pass<Value>(promise: Promise<Value>): Promise<Value> {
    let isSettled = false;
    const settled = (): void => {
      isSettled = true;
    };
    promise.then(settled, settled);
    await this.until(() => isSettled, "it is settled");
    return promise;
  }

  /** Lets time pass until something is so. */
  async until(condition: () => boolean, what: string): Promise<void> {
    for (let passed = 0; passed < 1_000; passed++) {
      if (condition()) return;
      await this.pocket.pass(20);
    }
    assert.fail(`waited in vain until ${what}`);
  }

  /** Lets so much time pass, with all that happens in it. */
  wait(ms: number): Promise<void> {
    return this.pocket.pass(ms);
  }
}

/** A transport that loses requests, or their answers, by chance. */
export function lossy(inner: Transport, random: Random, share: number): Transport {
  return {
    maxBytes: inner.maxBytes,
    get isConnected() {
      return inner.isConnected;
    },
    async request(to, body, timeoutMs = 100) {
      const lost = new FlowError("NO_ANSWER", { to, timeoutMs });
      if (to !== "" && random() < share) throw lost;
      const answer = await inner.request(to, body, timeoutMs);
      if (to !== "" && random() < share) throw lost;
      return answer;
    },
    publish: (to, body) => {
      if (random() >= share) inner.publish(to, body);
    },
    serve: (at, take) => inner.serve(at, take),
    listen: (to, hear) => inner.listen(to, hear),
    watch: (changed) => inner.watch(changed),
    [Symbol.asyncDispose]: () => inner[Symbol.asyncDispose](),
  };
}
