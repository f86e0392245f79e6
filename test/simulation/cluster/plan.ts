/** What is done to a simulated cluster, and when: all of it drawn from the seed before it begins. */
import type { Random } from "../../../lib/clock.ts";
import type { CommandKind } from "../../../lib/jobboard/jobboard.ts";
import { flowNames } from "./flows.ts";
import type { Way, Weather } from "./network.ts";

export type Fault =
  | { readonly kind: "kill"; readonly of: number; readonly backMs: number }
  | { readonly kind: "freeze"; readonly of: number; readonly forMs: number }
  | {
      readonly kind: "cut";
      readonly of: number;
      readonly ways: readonly Way[];
      readonly forMs: number;
    }
  | { readonly kind: "slow"; readonly of: number; readonly byMs: number; readonly forMs: number }
  | {
      readonly kind: "route";
      readonly of: number;
      readonly to: number;
      readonly byMs: number;
      readonly forMs: number;
      /** What becomes of the one that it comes from a moment later. */
      readonly then: "close" | "kill" | undefined;
      readonly thenMs: number;
    }
  | { readonly kind: "jump"; readonly of: number; readonly byMs: number }
  | { readonly kind: "close"; readonly of: number; readonly backMs: number }
  | {
      readonly kind: "leader";
      readonly which: "board" | "journal" | "both";
      readonly forMs: number;
    }
  | { readonly kind: "lag"; readonly lagMs: number }
  | { readonly kind: "command"; readonly job: number; readonly command: CommandKind };

export interface Planned {
  readonly atMs: number;
  readonly fault: Fault;
}

export interface Plan {
  readonly conductors: number;
  /** Workers; 0: tasks run on the conductors. */
  readonly workers: number;
  readonly slots: number;
  /** Flows that one conductor runs at once. */
  readonly maxFlows: number;
  readonly maxLost: number;
  readonly isSerial: boolean;
  readonly jobs: readonly { readonly atMs: number; readonly flow: string }[];
  readonly weather: Weather;
  readonly failRate: number;
  readonly slowRate: number;
  readonly faults: readonly Planned[];
  /** From then on nothing more is done to it. */
  readonly healAtMs: number;
}

export type FaultKind = Fault["kind"];

const kinds: readonly FaultKind[] = [
  "kill",
  "freeze",
  "cut",
  "slow",
  "route",
  "jump",
  "close",
  "leader",
  "lag",
  "command",
];

/** @param only - what is done to it. Default: a few kinds of all there are */
export function draw(random: Random, only?: readonly FaultKind[]): Plan {
  const whole = (least: number, most: number): number =>
    least + Math.floor(random() * (most - least + 1));
  const some = <Value>(values: readonly Value[]): Value =>
    values[Math.floor(random() * values.length)] as Value;
  const long = (least: number, most: number): number => least * (most / least) ** random();

  const workers = random() < 0.6 ? whole(1, 3) : 0;
  const conductors = some([1, 2, 2, 3]);
  const jobs = Array.from({ length: whole(1, 4) }, () => ({
    atMs: random() * 1_500,
    flow: some(flowNames),
  }));
  // A few kinds at a time: all of them together hide each other.
  const few = kinds.filter(() => random() < 0.4);
  const drawn = only ?? few;
  const healAtMs = whole(2_000, 6_000);
  const hosts = conductors + workers;
  const fault = (): Fault => {
    const kind = some(drawn.length === 0 ? kinds : drawn);
    const of = whole(0, hosts - 1);
    switch (kind) {
      case "kill":
      case "close":
        return { kind, of, backMs: long(10, 3_000) };
      case "freeze":
        return { kind, of, forMs: long(200, 5_000) };
      case "cut":
        return { kind, of, ways: some([["up"], ["down"], ["up", "down"]]), forMs: long(50, 6_000) };
      case "slow":
        return { kind, of, byMs: long(100, 4_000), forMs: long(50, 2_000) };
      case "route":
        return {
          ...{
            kind,
            of: whole(0, conductors - 1),
            to: conductors + whole(0, Math.max(0, workers - 1)),
          },
          ...{ byMs: long(100, 6_000), forMs: long(100, 3_000) },
          ...{ then: some(["close", "close", "kill", undefined]), thenMs: long(30, 1_000) },
        };
      case "jump":
        return { kind, of, byMs: some([-1, 1]) * long(100, 100_000_000) };
      case "leader":
        return { kind, which: some(["board", "journal", "both"]), forMs: long(20, 3_000) };
      case "lag":
        return { kind, lagMs: long(20, 3_000) };
      case "command":
        return {
          kind,
          job: whole(0, jobs.length - 1),
          command: some(["suspend", "resume", "cancel", "kill"]),
        };
    }
  };
  const faults = Array.from({ length: whole(0, 8) }, () => ({
    atMs: 100 + random() * (healAtMs - 200),
    fault: fault(),
  })).sort((one, other) => one.atMs - other.atMs);
  return {
    conductors,
    workers,
    slots: whole(1, 3),
    maxFlows: whole(1, 4),
    maxLost: some([2, 3, 100]),
    isSerial: random() < 0.3,
    jobs,
    weather: {
      dropRate: some([0, 0, 0.01, 0.05]),
      duplicateRate: some([0, 0, 0.02]),
      slowestMs: some([2, 10, 40]),
      patienceMs: some([1_000, 3_000, 10_000]),
    },
    failRate: some([0, 0.1, 0.3]),
    slowRate: some([0, 0.1, 0.4]),
    faults,
    healAtMs,
  };
}
