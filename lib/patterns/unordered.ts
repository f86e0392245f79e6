import type { FlowFrom, UnorderedFold } from "../typed/fold.ts";
import type { Checked, FlowArguments, FlowOptions } from "../typed/patterns.ts";
import type { Flow } from "../types.ts";
import { makeFlow } from "./flow.ts";

/**
 * A flow of items that run in any order or at once; none sees the symbols of another.
 *
 * @param given - perhaps options, then tasks and flows. The very same one a second time counts once.
 */
export function unordered<const Given extends FlowArguments<FlowOptions>>(
  name: string,
  ...given: Checked<Given, UnorderedFold<Given>>
): FlowFrom<UnorderedFold<Given>>;
export function unordered(name: unknown, ...given: readonly unknown[]): Flow {
  return makeFlow("unordered", name, given);
}
