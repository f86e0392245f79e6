/**
 * The flows of the examples: their structure, controllers and deciders as they are, their tasks' work replaced by work
 * that depends on nothing but inputs, since a simulation may begin it again wherever it likes.
 */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { compile } from "../../lib/compile/compile.ts";
import type { Binding, Inputs, Item, Provides, Task } from "../../lib/types.ts";
import type { Reference } from "./flows.ts";

const folder = join(import.meta.dirname, "../../examples");

const { createServerFlow } = await import("../../examples/create-server/flow.ts");

/** Everything that the examples export and an engine can run. */
export async function exampleReferences(): Promise<Reference[]> {
  const files = readdirSync(folder).filter((file) =>
    /^(?!main|create-server|cluster).*\.js$/.test(file),
  );
  const modules: Record<string, unknown>[] = [];
  for (const file of files) modules.push((await import(join(folder, file))) as never);
  const found = modules.flatMap((module) => Object.values(module).filter(isItem));
  return [...found, createServerFlow({ dir: "", cloud: "" }) as Item].map(referenceOf);
}

const isItem = (value: unknown): value is Item =>
  typeof value === "object" &&
  value !== null &&
  "kind" in value &&
  /task|flow/.test(String(value.kind));

function referenceOf(item: Item): Reference {
  const flow = standIn(item);
  const needs = new Set(
    compile(flow).blueprint.atoms.flatMap(({ inputs }) => inputs.map(({ symbol }) => symbol)),
  );
  // A number, since the controllers among them compute with what they get.
  const store = Object.fromEntries([...needs].map((symbol) => [symbol, 80]));
  return { flow, store, isSteady: true, ends: "SUCCESS" };
}

function standIn(item: Item): Item {
  if (item.kind === "task") return taskLike(item);
  const made = new Map(item.items.map((one) => [one, standIn(one)]));
  const end = (of: Item | string): Item | string => (typeof of === "string" ? of : made.get(of)!);
  return {
    ...item,
    items: [...made.values()],
    links: item.links.map((link) => ({ ...link, from: end(link.from), to: end(link.to) })),
    target: item.target === undefined ? undefined : end(item.target),
  };
}

function taskLike(task: Task): Task {
  return {
    ...task,
    inputs: unchecked(task.inputs),
    revertInputs: unchecked(task.revertInputs),
    execute: (inputs) => shaped(task.provides, `${task.name} of ${JSON.stringify(inputs)}`),
    revert:
      task.revert === undefined ? undefined : (_inputs, { result }) => `without ${String(result)}`,
  };
}

const unchecked = ({ required, optional }: Inputs): Inputs => {
  const plain = ({ param, symbol }: Binding): Binding => ({ param, symbol });
  return { required: required.map(plain), optional: optional.map(plain) };
};

function shaped(provides: Provides, text: string): unknown {
  if (provides === null || typeof provides === "string") return text;
  if (isList(provides)) return provides.map((symbol) => `${symbol} ${text}`);
  return Object.fromEntries(provides.keys.map((key) => [key, text]));
}

const isList = (value: unknown): value is readonly string[] => Array.isArray(value);
