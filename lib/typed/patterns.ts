/** What the patterns are called with, and how the compiler words the mistakes in that. */
import type { Item, Link, Retry } from "../types.ts";
import type { NeedsOf } from "./carry.ts";
import type { Clash, Folded, Impossible } from "./fold.ts";

/** Options of every pattern. */
export interface FlowOptions {
  /** Runs first in each attempt at the flow, and says what a failure inside leads to. */
  readonly retry?: Retry | undefined;
  /**
   * Symbols of its items whose values nobody is to see: they are hidden in what the command line, the inspector, logs
   * and traces show of this flow, and of one around it. The journal holds them, and tasks get them. Default none.
   */
  readonly secrets?: readonly string[] | undefined;
  /** Only items have a kind. */
  readonly kind?: never;
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
  Fold extends Folded<infer Needs, infer Gives, unknown, infer Clashes>
    ? [Clashes | Impossible<Needs>] extends [never]
      ? [Unknown<Given, keyof Needs | keyof Gives>] extends [never]
        ? Given
        : { [I in keyof Given]: Misspelt<Given[I], Unknown<Given, keyof Needs | keyof Gives>> }
      : { [I in keyof Given]: Blamed<Given[I], Clashes, Impossible<Needs>> }
    : never;

type Blamed<Item, Clashes, Symbols> = [
  Mismatches<NeedsOf<Item>, Clashes> | Exclusion<keyof NeedsOf<Item> & Symbols>,
] extends [never]
  ? Item
  : Mismatches<NeedsOf<Item>, Clashes> | Exclusion<keyof NeedsOf<Item> & Symbols>;

/** What is declared secret and is no symbol of the flow. */
type Unknown<Given, Symbols> = Given extends readonly [
  { readonly secrets: readonly (infer S)[] },
  ...unknown[],
]
  ? Given[0] extends { readonly kind: string }
    ? never
    : string extends S
      ? never
      : Exclude<S, Symbols>
  : never;

/** Shown in place of options that declare secret what is no symbol of the flow. */
type Misspelt<Options, Symbols> = Options extends { readonly kind: string }
  ? Options
  : Symbols extends string
    ? { readonly secrets: `"${Symbols}" is no symbol that its items need or give` }
    : Options;

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
