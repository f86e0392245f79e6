/** What the conformance runner was asked for. */
import { parseArgs } from "node:util";
import type { EngineKind } from "../../actors/options.ts";
import type { JournalKind } from "./rig.ts";

export const usage = `usage: npm run conformance -- DIR [options]

Runs every case (*.json, format 1) in a folder and in the folders in there.

  --engine ENGINE   serial (default) or parallel, here; threads or processes, in a pool of 6;
                    workers, 2 of 6 slots each, through a NATS server that is started for them
  --journal KIND    memory (default) or sqlite; or jetstream, on a NATS server that is started for it
  --only PREFIX     only cases whose file name begins with it
  --seed N          lets each call of a task take some time, drawn from N; default 0, none

Exits with 0 when no case failed, 1 when one did, 2 when none could be run.`;

const engines: readonly EngineKind[] = ["serial", "parallel", "threads", "processes", "workers"];

export interface Asked {
  readonly folder: string;
  readonly engine: EngineKind;
  readonly journal: JournalKind;
  readonly only: string;
  readonly seed: number;
}

/** @throws Error with a text for people when the arguments make no sense */
export function readArguments(given: readonly string[]): Asked {
  const { values, positionals } = parseArgs({
    args: [...given],
    allowPositionals: true,
    options: {
      engine: { type: "string", default: "serial" },
      journal: { type: "string", default: "memory" },
      only: { type: "string", default: "" },
      seed: { type: "string", default: "0" },
    },
  });
  const [folder, ...more] = positionals;
  if (folder === undefined || more.length > 0) throw new RangeError("name one folder with cases");
  const seed = Number(values.seed);
  if (!Number.isSafeInteger(seed)) throw new RangeError(`--seed ${values.seed} is no whole number`);
  return {
    folder,
    engine: oneOf("--engine", values.engine, engines),
    journal: oneOf("--journal", values.journal, ["memory", "sqlite", "jetstream"]),
    only: values.only,
    seed,
  };
}

function oneOf<Word extends string>(option: string, given: string, words: readonly Word[]): Word {
  const word = words.find((known) => known === given);
  if (word === undefined) throw new RangeError(`${option} is ${words.join(" or ")}, got ${given}`);
  return word;
}
