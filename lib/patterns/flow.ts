/** What the patterns have in common. */
import { checkSecrets, readSecrets, symbolsOf } from "../atom.ts";
import {
  checkName,
  type Declared,
  describe,
  isObject,
  readFlag,
  readOptions,
} from "../declared.ts";
import { isItem } from "../decider.ts";
import { named } from "../retry.ts";
import type { Flow, Item, Link, Pattern, Retry } from "../types.ts";

const keysOf: { readonly [P in Pattern]: readonly string[] } = {
  linear: ["retry", "secrets"],
  unordered: ["retry", "secrets"],
  graph: ["retry", "secrets", "links", "autoLink", "target"],
};

/** @param given - options, if the first lacks `kind`; then items */
export function makeFlow(pattern: Pattern, name: unknown, given: readonly unknown[]): Flow {
  const problems: string[] = [];
  const called = checkName(name, "name", problems) ? name : "";
  const [options, rest] = split(pattern, given, problems);
  const items = readItems(rest, problems);
  const retry = readRetry(options["retry"], called, problems);
  const secrets = readSecrets(options["secrets"], problems);
  checkSecrets(
    secrets,
    () => symbolsWithin([...items, ...(retry === undefined ? [] : [retry])]),
    problems,
  );
  return Object.freeze({
    kind: "flow",
    pattern,
    name: called,
    retry,
    items,
    secrets,
    links: readLinks(options["links"], problems),
    autoLink: readFlag(options, "autoLink", problems) ?? true,
    target: readTarget(options["target"], problems),
    problems: Object.freeze(problems),
  });
}

/** The symbols of all atoms in there. */
function symbolsWithin(items: readonly (Item | Retry)[]): Set<string> {
  const symbols = new Set<string>();
  const work: (Item | Retry)[] = [...items];
  const seen = new Set<Item | Retry>();
  for (let item = work.pop(); item !== undefined; item = work.pop()) {
    if (seen.has(item)) continue;
    seen.add(item);
    if (item.kind !== "flow") for (const symbol of symbolsOf(item)) symbols.add(symbol);
    else work.push(...item.items, ...(item.retry === undefined ? [] : [item.retry]));
  }
  return symbols;
}

function split(
  pattern: Pattern,
  given: readonly unknown[],
  problems: string[],
): [Declared, readonly unknown[]] {
  const [first, ...rest] = given;
  if (first === undefined) return [{}, rest];
  if (!isObject(first) || "kind" in first) return [{}, given];
  return [readOptions(first, `${pattern}()`, keysOf[pattern], problems), rest];
}

function readItems(given: readonly unknown[], problems: string[]): readonly Item[] {
  const items = new Set<Item>();
  for (const [index, item] of given.entries()) {
    if (isItem(item)) items.add(item);
    else problems.push(`item ${String(index + 1)} is no task or flow: ${notItem(item)}`);
  }
  return Object.freeze([...items]);
}

function notItem(value: unknown): string {
  if (Array.isArray(value)) return "a list; give its items one by one";
  if (isRetry(value)) return "a retry controller; give it as the option retry";
  if (isObject(value) && value["kind"] === "link") return "a link; give it in the option links";
  if (isObject(value)) return "an object; options go before the items";
  return describe(value);
}

function isRetry(value: unknown): value is Retry {
  return isObject(value) && value["kind"] === "retry";
}

function readRetry(given: unknown, flow: string, problems: string[]): Retry | undefined {
  if (given === undefined) return undefined;
  if (isRetry(given)) return named(given, `${flow}_retry`);
  problems.push(`retry must be a retry controller, got ${describe(given)}`);
  return undefined;
}

function readLinks(given: unknown, problems: string[]): readonly Link[] {
  if (given === undefined) return Object.freeze([]);
  if (!Array.isArray(given)) {
    problems.push(`links must be a list, got ${describe(given)}`);
    return Object.freeze([]);
  }
  const links = (given as unknown[]).filter((one, index): one is Link => {
    if (isObject(one) && one["kind"] === "link") return true;
    problems.push(`links[${String(index)}] must be made by link(), got ${describe(one)}`);
    return false;
  });
  return Object.freeze(links);
}

function readTarget(given: unknown, problems: string[]): Item | string | undefined {
  if (given === undefined || isItem(given) || (typeof given === "string" && given !== "")) {
    return given;
  }
  problems.push(`target must be an item or the name of one, got ${describe(given)}`);
  return undefined;
}
