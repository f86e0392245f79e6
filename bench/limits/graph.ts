/** The limit in memory: p-graph runs functions in the order of a graph. No states, retries, undo or records. */
import { type PGraphNodeMap, PGraph } from "p-graph";

export const graphRun = {
  async chain(n: number): Promise<void> {
    const values = [0];
    const nodes: PGraphNodeMap = new Map();
    const edges: [string, string][] = [];
    for (let at = 0; at < n; at++) {
      nodes.set(`t${at}`, {
        run: async () => {
          values[at + 1] = (values[at] ?? 0) + 1;
        },
      });
      if (at > 0) edges.push([`t${at - 1}`, `t${at}`]);
    }
    await new PGraph(nodes, edges).run();
    if (values[n] !== n) throw new Error(`chain: ${values[n]}`);
  },

  async fan(n: number): Promise<void> {
    let first = 0;
    let sum = 0;
    const values: number[] = [];
    const nodes: PGraphNodeMap = new Map();
    const edges: [string, string][] = [];
    nodes.set("source", {
      run: async () => {
        first = 1;
      },
    });
    nodes.set("sink", {
      run: async () => {
        sum = values.reduce((a, b) => a + b, 0);
      },
    });
    for (let at = 0; at < n; at++) {
      nodes.set(`m${at}`, {
        run: async () => {
          values[at] = first;
        },
      });
      edges.push(["source", `m${at}`], [`m${at}`, "sink"]);
    }
    await new PGraph(nodes, edges).run();
    if (sum !== n) throw new Error(`fan: ${sum}`);
  },
};
