/** Which transitions an event may take, and which states each leaves and enters. */
import { ancestors, isUnder, type Node, type Transition } from "./parsed.ts";

/**
 * The transitions that an event may take in a state, as XState orders them: of inner states before those of
 * outer ones, of exact descriptors before wildcards, of longer wildcards before shorter ones.
 */
export function candidates(nodes: readonly Node[], type: string): Transition[] {
  return [...nodes].reverse().flatMap(({ transitions }) => {
    const wildcards = [...transitions.keys()]
      .filter((descriptor) => descriptor !== type && isWildcardFor(type, descriptor))
      .sort((a, b) => b.length - a.length);
    return [type, ...wildcards].flatMap((descriptor) => transitions.get(descriptor) ?? []);
  });
}

export const isWildcard = (descriptor: string): boolean =>
  descriptor === "*" || descriptor.endsWith(".*");

// `a.b.*` takes `a.b` and all that starts with `a.b.`; a star elsewhere is a token like any other,
// save that XState lets no prefix match past a star in the middle.
function isWildcardFor(type: string, descriptor: string): boolean {
  if (descriptor === "*") return true;
  if (!descriptor.endsWith(".*")) return false;
  const wanted = descriptor.split(".");
  const given = type.split(".");
  const star = wanted.indexOf("*");
  return (
    star === wanted.length - 1 && wanted.slice(0, star).every((token, i) => token === given[i])
  );
}

/** The states that a transition leaves and enters, each in XState's order. */
export interface Path {
  readonly exits: readonly Node[];
  readonly entries: readonly Node[];
  /** Entered by default: their initial actions are done as well. */
  readonly defaults: ReadonlySet<Node>;
  /** The active states afterwards. */
  readonly nodes: readonly Node[];
}

/** The path of a transition with at most one target, from the active states `from`; after SCXML, as XState has it. */
export function pathOf(transition: Transition, from: readonly Node[]): Path {
  const target = transition.target?.[0];
  if (target === undefined) return { exits: [], entries: [], defaults: new Set(), nodes: from };
  const domain = domainOf(transition, target);
  const exits = from.filter((node) => isUnder(node, domain)).reverse();
  const defaults = new Set<Node>();
  const { source, reenter } = transition;
  if (source !== target || source !== domain || reenter) defaults.add(target);
  for (let node = target; node.type === "compound"; ) {
    node = node.initial.target[0] as Node;
    defaults.add(node);
  }
  const entries = [...defaults, ...ancestors(target, domain)].sort(byOrder);
  const kept = from.filter((node) => !exits.includes(node));
  return { exits, entries, defaults, nodes: [...new Set([...kept, ...entries])].sort(byOrder) };
}

const byOrder = (a: Node, b: Node): number => a.order - b.order;

/** The innermost state that is not left; undefined: the root itself is left and entered again. */
function domainOf({ source, reenter }: Transition, target: Node): Node | undefined {
  if (!reenter && (target === source || isUnder(target, source))) return source;
  const common = ancestors(target, undefined).find((node) => isUnder(source, node));
  return common ?? (reenter ? undefined : (ancestors(source, undefined).at(-1) ?? source));
}
