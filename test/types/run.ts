// How whoever runs a flow is typed: `run`, `load` and `spawn` as actors/run.ts has them.
import type { LoadOptions, ResultsOf, RunOptions, Storeless } from "../../lib/typed/run.ts";
import type { Item } from "../../lib/types.ts";

interface EngineOptions {
  readonly id?: string;
  readonly store?: Readonly<Record<string, unknown>>;
  readonly concurrency?: number;
}

export declare function run<F extends Item>(flow: Storeless<F>): Promise<ResultsOf<F>>;
export declare function run<F extends Item>(
  flow: F,
  options: RunOptions<F, EngineOptions>,
): Promise<ResultsOf<F>>;

export declare function load<F extends Item>(
  flow: F,
  options?: LoadOptions<F, EngineOptions>,
): { run(): Promise<string> };

/** Compiles only if both types are the same. */
export declare function same<Expected>(): <Got>(
  got: Got,
  ...proof: Same<Expected, Got> extends true ? [] : [expected: Expected, got: Got]
) => void;

// The compiler compares two deferred conditional types by identity, which is what is wanted.
/* eslint-disable @typescript-eslint/no-unnecessary-type-parameters -- T is there to defer */
type Same<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
