// Conductors whose flows run on workers elsewhere: what runs there outlives them.
import t from "tap";
import { Conductor } from "../../actors/conductor.ts";
import { readFlow } from "../../actors/run.ts";
import type { Jobboard } from "../../lib/jobboard/jobboard.ts";
import { memoryJobboard } from "../../lib/jobboard/memory.ts";
import type { Journal } from "../../lib/journal/journal.ts";
import type { Transport } from "../../lib/transport/transport.ts";
import type { Item } from "../../lib/types.ts";
import { untyped } from "../simulation/flows.ts";
import { Cluster as Workers, leaseMs } from "./cluster.ts";
import { recordsOf, Stage } from "./fixture.ts";

const { linear, unordered } = untyped;

/** Calls that a process makes and that never come back, once it stands still. */
class Frost {
  isFrozen = false;

  over<Target extends object>(target: Target): Target {
    return new Proxy(target, {
      get: (real, name) => {
        const value: unknown = Reflect.get(real, name);
        if (typeof value !== "function") return value;
        return (...args: unknown[]): unknown =>
          this.isFrozen
            ? new Promise(() => undefined)
            : (Reflect.apply(value, real, args) as unknown);
      },
    });
  }
}

class Cluster extends Workers {
  readonly stage = new Stage();
  readonly board: Jobboard = memoryJobboard({ clock: this.pocket.clock });
  readonly #claims = new Map<string, number>();

  /** How often a job was claimed. */
  claims(id: string): number {
    return this.#claims.get(id) ?? 0;
  }

  async watch(): Promise<void> {
    await this.board.watch((job) => {
      if ("claims" in job) this.#claims.set(job.id, job.claims);
    });
  }

  async conductor(name: string, flow: Item, frost = new Frost()): Promise<Conductor> {
    const { log } = this;
    const { clock } = this.pocket;
    const transport: Transport = frost.over(this.switch.join());
    const journal: Journal = frost.over(this.journal);
    const conductor = new Conductor({
      ...{ name, flows: [flow], clock, log, random: () => 0.5, leaseMs: 800 },
      ...{ board: frost.over(this.board), journal },
      engine: { engine: "workers", transport, leaseMs, log },
    });
    return this.pass(conductor.start());
  }
}

t.test(
  "a long attempt outlives twelve owners: it is not started again, and nothing is parked",
  async (t) => {
    const cluster = new Cluster();
    await cluster.watch();
    const { board, stage, journal } = cluster;
    const long = stage.task("long");
    const flow = linear("f", {}, long);
    const worker = await cluster.worker("w", [long]);
    await board.post({ id: "j", flow: "f" });
    for (let death = 0; death < 12; death++) {
      const frost = new Frost();
      await cluster.conductor(`owner ${death}`, flow, frost);
      await cluster.until(
        () => cluster.claims("j") === death + 1,
        `it is claimed ${death + 1} times`,
      );
      await cluster.until(() => stage.calls.length === 1, "it runs");
      await cluster.wait(leaseMs);
      frost.isFrozen = true;
    }
    await using last = await cluster.conductor("last", flow);
    await cluster.until(() => cluster.claims("j") === 13, "it is claimed once more");
    await cluster.wait(3 * leaseMs);
    stage.calls[0]?.call.succeed("done");
    await cluster.pass(last.idle());
    t.match(await board.get("j"), { state: "COMPLETE", end: { state: "SUCCESS" } });
    t.same(stage.log, ["long execute 1"]);
    t.equal((await readFlow(journal, "j")).atom("long").result, "done");
    t.equal((await recordsOf(journal, "j")).filter((kind) => kind === "lost").length, 0);
    worker.close();
  },
);

t.test(
  "the next owner goes on at once beside what runs elsewhere, and looks for what was lost",
  async (t) => {
    const cluster = new Cluster();
    await cluster.watch();
    const { board, stage } = cluster;
    const [one, two, then] = [stage.task("one"), stage.task("two"), stage.task("then")];
    const flow = unordered("f", {}, one, linear("row", {}, two, then));
    const worker = await cluster.worker("w", [one, two, then], { concurrency: 4 });
    await board.post({ id: "j", flow: "f" });
    const frost = new Frost();
    await cluster.conductor("first", flow, frost);
    await cluster.until(() => stage.calls.length === 2, "both run");
    frost.isFrozen = true;
    await using second = await cluster.conductor("second", flow);
    await cluster.until(() => cluster.claims("j") === 2, "it is taken over");
    stage.calls.find(({ name }) => name === "two")?.call.succeed();
    await cluster.until(
      () => stage.calls.length === 3,
      "what comes after it starts beside the other",
    );
    t.equal(worker.statistics.running, 2);
    for (const { call } of stage.calls) call.succeed();
    await cluster.pass(second.idle());
    t.match(await board.get("j"), { state: "COMPLETE" });
    t.same(stage.log.sort(), ["one execute 1", "then execute 1", "two execute 1"]);
    worker.close();
  },
);
