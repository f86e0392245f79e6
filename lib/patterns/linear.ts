import type { FlowFrom, LinearFold } from "../typed/fold.ts";
import type { Checked, FlowArguments, FlowOptions } from "../typed/patterns.ts";
import type { Flow } from "../types.ts";
import { makeFlow } from "./flow.ts";

/**
 * A flow of items that run one after the other; each sees the symbols of those before it.
 *
 * @param given - perhaps options, then tasks and flows. The very same one a second time counts once.
 */
export function linear<const Given extends FlowArguments<FlowOptions>>(
  name: string,
  ...given: Checked<Given, LinearFold<Given>>
): FlowFrom<LinearFold<Given>>;
export function linear(name: unknown, ...given: readonly unknown[]): Flow {
  return makeFlow("linear", name, given);
}
