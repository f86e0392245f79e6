import type { Flow } from "../types.ts";
import { makeFlow } from "./flow.ts";

export function linear(name: unknown, ...given: readonly unknown[]): Flow {
  return makeFlow("linear", name, given);
}
