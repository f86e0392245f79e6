/** Makes a flow behave as a simulation wants: the same flow, its code wrapped. */
import type { Decide, Flow, Item, Link, Retry, Task } from "../../lib/types.ts";
import type { Direction, Outcome } from "../../lib/plan/records.ts";
import { failureOf } from "../../lib/failure.ts";
import type { Host } from "./host.ts";
import type { Call, Witness } from "./witness.ts";

/** All of it depends on the names and numbers it is asked with, so that an attempt that runs again does the same. */
export interface Behaviour {
  /** Fails instead of what the code does. */
  readonly fails?: (atom: string, direction: Direction, attempt: number) => boolean;
  /** Virtual milliseconds that a call takes; undefined: it returns at once if the code does. */
  readonly delayMs?: (atom: string, direction: Direction, attempt: number) => number | undefined;
  /** The same for deciders' and controllers' answers. */
  readonly answersMs?: (atom: string) => number | undefined;
}

interface Context {
  readonly attempt: number;
  readonly key: string;
}

export function instrument(root: Item, host: Host, witness: Witness, behaviour: Behaviour): Item {
  const made = new Map<Item, Item>();
  const wrapItem = (item: Item): Item => {
    let wrapped = made.get(item);
    if (wrapped === undefined) {
      wrapped = item.kind === "task" ? wrapTask(item) : wrapFlow(item);
      made.set(item, wrapped);
    }
    return wrapped;
  };
  const end = (of: Item | string): Item | string => (typeof of === "string" ? of : wrapItem(of));

  const wrapFlow = (flow: Flow): Flow => ({
    ...flow,
    retry: flow.retry === undefined ? undefined : wrapRetry(flow.retry),
    items: flow.items.map(wrapItem),
    links: flow.links.map(wrapLink),
    target: flow.target === undefined ? undefined : end(flow.target),
  });

  const wrapLink = (link: Link): Link => {
    const { decide } = link;
    const wrapped = { ...link, from: end(link.from), to: end(link.to) };
    if (decide === undefined) return wrapped;
    const name = typeof link.to === "string" ? link.to : link.to.name;
    return { ...wrapped, decide: ((history) => answer(name, () => decide(history))) as Decide };
  };

  const wrapTask = (task: Task): Task => ({
    ...task,
    execute: wrapCall(task.name, "execute", task.execute),
    revert: task.revert === undefined ? undefined : wrapCall(task.name, "revert", task.revert),
  });

  const wrapRetry = (retry: Retry): Retry => ({
    ...retry,
    execute: wrapCall(retry.name, "execute", retry.execute),
    revert: retry.revert === undefined ? undefined : wrapCall(retry.name, "revert", retry.revert),
    onFailure: (inputs, question) => {
      witness.questions.push(`${retry.name}/${question.atom}`);
      return answer(retry.name, () => retry.onFailure(inputs, question)) as ReturnType<
        Retry["onFailure"]
      >;
    },
  });

  const answer = (name: string, give: () => unknown): unknown => {
    const delayMs = behaviour.answersMs?.(name);
    return delayMs === undefined ? give() : sleep(host, delayMs).then(give);
  };

  const wrapCall = <Rest extends Context>(
    atom: string,
    direction: Direction,
    code: (inputs: Record<string, unknown>, context: Rest) => unknown,
  ) => {
    return (inputs: Record<string, unknown>, context: Rest): unknown => {
      const { attempt } = context;
      const call: Call = { host: host.name, atom, direction, attempt, inputs };
      try {
        // A superseded owner may overlap with its successor (G2): only the owner is held to the rules.
        if (host.epoch === witness.state.epoch) witness.called(call);
      } catch (error) {
        host.fail(error);
      }
      const work = (): unknown => {
        if (behaviour.fails?.(atom, direction, attempt) === true) {
          throw new Error(`${atom} fails to ${direction}, attempt ${String(attempt)}`);
        }
        return code(inputs, context);
      };
      const delayMs = behaviour.delayMs?.(atom, direction, attempt);
      return watched(
        witness,
        call,
        delayMs === undefined ? work : () => sleep(host, delayMs).then(work),
      );
    };
  };
  return wrapItem(root);
}

function watched(witness: Witness, call: Call, work: () => unknown): unknown {
  const ended = (outcome: Outcome): void => {
    witness.ended(call, outcome);
  };
  const failed = (error: unknown): never => {
    ended({ failure: failureOf(error) });
    throw error;
  };
  let returned: unknown;
  try {
    returned = work();
  } catch (error) {
    return failed(error);
  }
  if (returned instanceof Promise) {
    return returned.then((value: unknown) => {
      ended({ value });
      return value;
    }, failed);
  }
  ended({ value: returned });
  return returned;
}

const sleep = (host: Host, delayMs: number): Promise<void> =>
  new Promise((resolve) => {
    host.clock.setTimeout(resolve, delayMs);
  });
