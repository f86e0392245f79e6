/** What must stay readable of a flow: its states and results. Not its digest, which may learn more. */
import type { FlowView } from "../../lib/plan/view.ts";

export function summaryOf(flow: FlowView) {
  const { name, state, epoch, sequence, meta } = flow;
  const atoms = flow.atoms().map(({ name, kind, state, attempt, result, failure, history }) => ({
    ...{ name, kind, state, attempt, result, failure, history },
  }));
  return { name, state, epoch, sequence, meta, atoms, values: flow.fetchAll() };
}
