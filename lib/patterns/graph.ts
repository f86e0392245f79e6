import type { FlowFrom, GraphFold } from "../typed/fold.ts";
import type { Checked, FlowArguments, GraphOptions } from "../typed/patterns.ts";
import type { Flow } from "../types.ts";
import { makeFlow } from "./flow.ts";

/**
 * A flow whose order follows from symbols, whatever the order of the items: who requires one runs
 * after who provides it. `links` add to that.
 *
 * @param given - perhaps options, then tasks and flows. The very same one a second time counts once.
 */
export function graph<const Given extends FlowArguments<GraphOptions>>(
  name: string,
  ...given: Checked<Given, GraphFold<Given>>
): FlowFrom<GraphFold<Given>>;
export function graph(name: unknown, ...given: readonly unknown[]): Flow {
  return makeFlow("graph", name, given);
}
