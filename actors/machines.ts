/** The machines of this folder, as the fold takes them. */
import type { Machines } from "../lib/plan/states.ts";
import { tabulate } from "../lib/statechart/table.ts";
import { flowMachine } from "./flow.ts";
import { retryMachine } from "./retry.ts";
import { taskMachine } from "./task.ts";

export const machines: Machines = {
  task: tabulate(taskMachine),
  retry: tabulate(retryMachine),
  flow: tabulate(flowMachine),
};
