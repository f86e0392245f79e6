/** `fourstroke node FILE...`: works for flows that run elsewhere, and makes actors for other nodes, until it is told to end. */
import { FlowError } from "../errors.ts";
import type { Log } from "../types.ts";
import { leaseLost } from "./conductor.ts";
import { ConductorLines } from "./conductor-lines.ts";
import { errorDocument } from "./documents.ts";
import { exitCodes, exitOf } from "./exit.ts";
import { NodeLines } from "./node-lines.ts";
import { type NodeOptions, type OpenNode, openNode } from "./open-node.ts";
import type { Output } from "./output.ts";
import { Signals } from "./signals.ts";

/** @returns the exit code */
export async function node(
  files: readonly string[],
  options: NodeOptions,
  output: Output,
): Promise<number> {
  const lines = new NodeLines(output);
  try {
    return await work(files, options, lines, output);
  } catch (error) {
    if (!output.isJson) throw error;
    lines.event("error", { ...errorDocument(error).error });
    return exitOf(error);
  } finally {
    lines.end();
  }
}

async function work(
  files: readonly string[],
  options: NodeOptions,
  lines: NodeLines,
  output: Output,
): Promise<number> {
  const log: Log = (message, fields, level) => {
    lines.log(message, fields, level);
  };
  const opened = await openNode(files, options, log);
  lines.ready(opened);
  const { conducting } = opened;
  if (conducting !== undefined) {
    const told = new ConductorLines(output, (spans) => {
      lines.line(spans);
    });
    told.follow(conducting.conductor);
    await conducting.conductor.start();
    told.ready(conducting);
  }
  const stop = lines.watch(() => opened.worker?.statistics);
  try {
    return await untilTold(opened, lines, options.drainMs);
  } finally {
    stop();
    await opened[Symbol.asyncDispose]();
  }
}

/** Works until a signal, and then until what runs is done. */
async function untilTold(opened: OpenNode, lines: NodeLines, drainMs: number): Promise<number> {
  const { worker, transport, conducting } = opened;
  const signals = new Signals();
  const closed = new Promise<never>((_, reject) => {
    transport.onClosed((problem) => {
      reject(new FlowError("TRANSPORT_CLOSED", { problem }));
    });
  });
  const lost = conducting === undefined ? closed : leaseLost(conducting.conductor);
  for (const end of [closed, lost]) end.catch(() => undefined); // at the end it is as it should be
  try {
    const signal = await Promise.race([signals.next(), closed, lost]);
    const again = signals.stopped();
    again.catch(() => undefined); // there may be none
    lines.draining(signal, drainMs, worker?.statistics);
    const drained = drain(opened, drainMs);
    const left = await Promise.race([drained, again, closed]);
    lines.left(left, worker?.statistics);
    return left.length === 0 ? exitCodes.SUCCESS : exitCodes.LEFT;
  } finally {
    signals.close();
  }
}

/** @returns what is left undone: keys of attempts, addresses of actors */
async function drain(
  { worker, node, conducting }: OpenNode,
  withinMs: number,
): Promise<readonly string[]> {
  const left = await Promise.all([
    worker?.drain(withinMs) ?? [],
    node?.close(withinMs) ?? [],
    conducting?.conductor.close(withinMs).then(() => []) ?? [],
  ]);
  return left.flat();
}
