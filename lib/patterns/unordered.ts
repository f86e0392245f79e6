import type { Flow } from "../types.ts";
import { makeFlow } from "./flow.ts";

export function unordered(name: unknown, ...given: readonly unknown[]): Flow {
  return makeFlow("unordered", name, given);
}
