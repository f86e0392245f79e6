// What the type tests share.
export { load, run } from "../../actors/run.ts";
export { spawn } from "../../actors/spawn.ts";

/** Compiles only if both types are the same. */
export declare function same<Expected>(): <Got>(
  got: Got,
  ...proof: Same<Expected, Got> extends true ? [] : [expected: Expected, got: Got]
) => void;

// The compiler compares two deferred conditional types by identity, which is what is wanted.
/* eslint-disable @typescript-eslint/no-unnecessary-type-parameters -- T is there to defer */
type Same<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
