/** `fourstroke graph FILE[#FLOW]`: a flow, or a machine that drives it, as a state chart or a graph. */
import { flowMachine } from "../../actors/flow.ts";
import { retryMachine } from "../../actors/retry.ts";
import { taskMachine } from "../../actors/task.ts";
import { compile } from "../compile/compile.ts";
import { flowChart } from "../statechart/export/chart.ts";
import { printDot } from "../statechart/export/dot.ts";
import { type Drawing, drawFlow, drawMachine } from "../statechart/export/drawing.ts";
import { printMermaid } from "../statechart/export/mermaid.ts";
import { printStately } from "../statechart/export/stately.ts";
import { CliError } from "./exit.ts";
import type { GraphOptions } from "./graph-choices.ts";
import type { Output } from "./output.ts";
import { loadFlow } from "./source.ts";

/** The machines in actors/, as they are. */
const machines = { task: taskMachine, retry: retryMachine, flow: flowMachine };

/** What is printed in two ways. */
interface Subject {
  /** The config of an XState machine. */
  chart(): object;
  drawing(): Drawing;
}

/** @returns the exit code */
export async function graph(
  file: string | undefined,
  options: GraphOptions,
  output: Output,
): Promise<number> {
  const subject = options.machine === undefined ? await flowOf(file) : machineOf(options.machine);
  const format = output.isJson ? "json" : options.format;
  if (format === "stately") output.write(printStately(subject.chart()));
  else if (format === "mermaid") output.write(printMermaid(subject.drawing()));
  else if (format === "dot") output.write(printDot(subject.drawing()));
  else if (format === "svg") output.write(await svgOf(subject.drawing()));
  else output.document(subject.drawing());
  return 0;
}

async function svgOf(drawing: Drawing): Promise<string> {
  const [{ layOut }, { printSvg }] = await Promise.all([
    import("./layout.ts"),
    import("../statechart/export/svg.ts"),
  ]);
  return printSvg(await layOut(drawing));
}

async function flowOf(file: string | undefined): Promise<Subject> {
  if (file === undefined) {
    throw new CliError("USAGE", "graph takes a FILE, or --machine task|retry|flow");
  }
  const { flow } = await loadFlow(file);
  const { blueprint } = compile(flow);
  return { chart: () => flowChart(blueprint), drawing: () => drawFlow(blueprint) };
}

function machineOf(name: keyof typeof machines): Subject {
  const { config } = machines[name];
  return { chart: () => config, drawing: () => drawMachine(config) };
}
