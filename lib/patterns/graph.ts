import type { Flow } from "../types.ts";
import { makeFlow } from "./flow.ts";

export function graph(name: unknown, ...given: readonly unknown[]): Flow {
  return makeFlow("graph", name, given);
}
