/** What the patterns are called with, and how the compiler words the mistakes in that. */
import type { Item, Link, Retry } from "../types.ts";
import type { NeedsOf } from "./carry.ts";
import type { Clash, Folded, Impossible } from "./fold.ts";

/** Options of every pattern. */
export interface FlowOptions {
  /** Runs first in each attempt at the flow, and says what a failure inside leads to. */
  readonly retry?: Retry | undefined;
}

/** Options of a graph. */
export interface GraphOptions extends FlowOptions {
  /** Links beside those that follow from symbols. */
  readonly links?: readonly Link[] | undefined;
  /** Whether providers are linked to consumers by their symbols. Default true. */
  readonly autoLink?: boolean | undefined;
  /** Only this item, or the one of this name, and what goes before it exist. Default: all do. */
  readonly target?: Item | string | undefined;
}

/** Perhaps options, then items. */
export type FlowArguments<Options> = readonly Item[] | readonly [Options | Item, ...Item[]];

/** `Given` itself or, where symbols clash, with a type that says so in place of who takes them. */
export type Checked<Given, Fold> =
  Fold extends Folded<infer Needs, unknown, unknown, infer Clashes>
    ? [Clashes | Impossible<Needs>] extends [never]
      ? Given
      : { [I in keyof Given]: Blamed<Given[I], Clashes, Impossible<Needs>> }
    : never;

type Blamed<Item, Clashes, Symbols> = [
  Mismatches<NeedsOf<Item>, Clashes> | Exclusion<keyof NeedsOf<Item> & Symbols>,
] extends [never]
  ? Item
  : Mismatches<NeedsOf<Item>, Clashes> | Exclusion<keyof NeedsOf<Item> & Symbols>;

type Mismatches<Needs, Clashes> =
  Clashes extends Clash<infer S, infer Given>
    ? S extends keyof Needs & string
      ? [Given] extends [Needs[S]]
        ? never
        : Mismatch<S, Given, Needs[S]>
      : never
    : never;

/** Shown in place of an item that takes a symbol as another type than it is given. */
export type Mismatch<Symbol extends string, Given, Taken> = {
  readonly [Words in `"${Symbol}" is given as one type and taken as another`]: {
    readonly given: Given;
    readonly taken: Taken;
  };
};

/** Shown in place of items that take a symbol as types that exclude each other. */
type Exclusion<Symbol> = Symbol extends string
  ? { readonly [Words in `no value of "${Symbol}" is right for all who take it`]: never }
  : never;
