/**
 * What flows need and give, folded over their items.
 *
 * A fold costs the compiler its steps times the size of what is folded so far. So items are first
 * folded eight by eight, and then those: otherwise 300 tasks take it ten seconds. Each fold calls
 * itself last, since the compiler then needs no stack for it.
 */
import type { DecidedFlowOf, FlowOf, GivesOf, NeedsOf, Over, Simplify, Without } from "./carry.ts";

/** What is known of items once they are folded. */
export interface Folded<Needs, Gives, Decided, Clashes> {
  readonly needs: Needs;
  readonly gives: Gives;
  /** Whether a decider inside may ignore what comes after them. */
  readonly decided: Decided;
  /** A union of `Clash`. */
  readonly clashes: Clashes;
}

/** A symbol that somewhere is taken as another type than it is given. */
export interface Clash<Symbol, Given> {
  readonly symbol: Symbol;
  readonly given: Given;
}

/** `Given` to a pattern are perhaps options, then items. */
export type LinearFold<Given> = Linear<ItemsIn<Given>, NeedsOfRetry<Given>, GivesOfRetry<Given>>;

// Siblings don't see each other; they see the controller.
export type UnorderedFold<Given> =
  Total<ItemsIn<Given>> extends Totalled<infer N, infer G, unknown, unknown, infer D>
    ? Folded<
        NeedsOfRetry<Given> & Without<N, keyof GivesOfRetry<Given>>,
        Over<GivesOfRetry<Given>, G>,
        D,
        Clashing<N, GivesOfRetry<Given>>
      >
    : never;

export type GraphFold<Given> =
  Total<ItemsIn<Given>, GivesOfRetry<Given>> extends Totalled<
    infer N,
    infer G,
    infer Twice,
    infer Selfish,
    infer D
  >
    ? Folded<
        NeedsOfRetry<Given> & Without<N, Exclude<keyof G & keyof N, Exclude<Selfish, Twice>>>,
        D extends true ? Partial<G> : HasDeciders<Given> extends true ? Partial<G> : G,
        D extends true ? true : HasDeciders<Given>,
        Clashing<Without<N, Selfish | Twice>, G>
      >
    : never;

/** The type of a flow that is folded. */
export type FlowFrom<Fold> =
  Fold extends Folded<infer N, infer G, infer D, unknown>
    ? D extends true
      ? DecidedFlowOf<Simplify<N>, Simplify<G>>
      : FlowOf<Simplify<N>, Simplify<G>>
    : never;

// Options are told from items by lacking a kind, as `makeFlow` does.
type OptionsIn<Given> = Given extends readonly [infer Head, ...unknown[]]
  ? Head extends { readonly kind: string }
    ? {}
    : Head
  : {};

type ItemsIn<Given> = Given extends readonly [infer Head, ...infer Rest]
  ? Head extends { readonly kind: string }
    ? Given
    : Rest
  : Given;

type RetryIn<O> = O extends { readonly retry: infer R } ? Exclude<R, undefined> : never;
type NeedsOfRetry<Given> = NeedsOf<RetryIn<OptionsIn<Given>>>;
type GivesOfRetry<Given> = GivesOf<RetryIn<OptionsIn<Given>>>;

type HasDeciders<Given> =
  OptionsIn<Given> extends { readonly links: readonly (infer L)[] }
    ? [L] extends [{ readonly decide?: never }]
      ? false
      : true
    : false;

type IsDecided<H, Else = false> = "~decided" extends keyof H ? true : Else;
type After<Decided, Gives> = Decided extends true ? Partial<Gives> : Gives;

/** The first eight and the rest, or null if there are fewer. */
// biome-ignore format: one line per row of items says more than one per item.
type Cut<Items> = Items extends readonly [
  infer A, infer B, infer C, infer D,
  infer E, infer F, infer G, infer H,
  ...infer Rest,
]
  ? [readonly [A, B, C, D, E, F, G, H], Rest]
  : null;

type Linear<Items, Needs = {}, Gives = {}, Decided = false, Clashes = never> =
  Cut<Items> extends [infer Eight, infer Rest]
    ? OneByOne<Eight> extends Folded<infer N, infer G, infer D, infer C>
      ? Linear<
          Rest,
          Needs & Without<N, keyof Gives>,
          Over<Gives, After<Decided, G>>,
          D extends true ? true : Decided,
          Clashes | C | Clashing<N, Gives>
        >
      : never
    : OneByOne<Items, Needs, Gives, Decided, Clashes>;

type OneByOne<
  Items,
  Needs = {},
  Gives = {},
  Decided = false,
  Clashes = never,
> = Items extends readonly [infer H, ...infer Rest]
  ? OneByOne<
      Rest,
      Needs & Without<NeedsOf<H>, keyof Gives>,
      Over<Gives, After<Decided, GivesOf<H>>>,
      IsDecided<H, Decided>,
      Clashes | Clashing<NeedsOf<H>, Gives>
    >
  : Items extends readonly []
    ? Folded<Simplify<Needs>, Simplify<Gives>, Decided, Clashes>
    : OneByOne<
        [],
        Needs & NeedsOfMany<Items, Gives>,
        Over<Gives, GivesOfMany<Items>>,
        Decided,
        Clashes
      >;

/** What items need and give that have no order. */
interface Totalled<Needs, Gives, Twice, Selfish, Decided> {
  readonly needs: Needs;
  readonly gives: Gives;
  /** Symbols with several providers: which of them a consumer gets, only `compile` can tell. */
  readonly twice: Twice;
  /** Symbols that an item takes as well as gives: alone it doesn't satisfy itself. */
  readonly selfish: Selfish;
  readonly decided: Decided;
}

type Total<Items, Gives = {}, Needs = {}, Twice = never, Selfish = never, Decided = false> =
  Cut<Items> extends [infer Eight, infer Rest]
    ? TotalOneByOne<Eight> extends Totalled<infer N, infer G, infer T, infer S, infer D>
      ? Total<
          Rest,
          Over<Gives, G>,
          Needs & N,
          Twice | T | (keyof Gives & keyof G),
          Selfish | S,
          D extends true ? true : Decided
        >
      : never
    : TotalOneByOne<Items, Gives, Needs, Twice, Selfish, Decided>;

type TotalOneByOne<
  Items,
  Gives = {},
  Needs = {},
  Twice = never,
  Selfish = never,
  Decided = false,
> = Items extends readonly [infer H, ...infer Rest]
  ? TotalOneByOne<
      Rest,
      Over<Gives, GivesOf<H>>,
      Needs & NeedsOf<H>,
      Twice | (keyof Gives & keyof GivesOf<H>),
      Selfish | (keyof NeedsOf<H> & keyof GivesOf<H>),
      IsDecided<H, Decided>
    >
  : Items extends readonly []
    ? Totalled<Simplify<Needs>, Simplify<Gives>, Twice, Selfish, Decided>
    : TotalOneByOne<
        [],
        Over<Gives, GivesOfMany<Items>>,
        Needs & NeedsOfMany<Items, {}>,
        Twice,
        Selfish,
        Decided
      >;

// A list of unknown length may be empty and in any order: nothing it gives is certain, and
// whatever one of it gives may satisfy another.
type NeedsOfMany<Items, Seen> = Items extends readonly (infer H)[]
  ? Without<All<NeedsOf<H>>, keyof Seen | keyof All<GivesOf<H>>>
  : {};
type GivesOfMany<Items> = Items extends readonly (infer H)[] ? Partial<All<GivesOf<H>>> : {};

/** The intersection of a union's members. */
type All<Union> = (Union extends unknown ? (one: Union) => void : never) extends (
  all: infer Each,
) => void
  ? Each
  : never;

/** Symbols in `Needs` that `Gives` has with a type that can't be taken. */
type Clashing<Needs, Gives> = {
  [S in keyof Needs & keyof Gives]: IsPattern<S> extends true
    ? never
    : [Present<Gives, S>] extends [Needs[S]]
      ? never
      : Clash<S, Present<Gives, S>>;
}[keyof Needs & keyof Gives];

/** Whether it is no single symbol, but `string` or the like: made of names at run time. */
type IsPattern<S extends PropertyKey> = {} extends Record<S, 1> ? true : false;

/** The type of a property without the undefined that comes from its being optional. */
type Present<T, K extends keyof T> = Required<Pick<T, K>>[K];

/** Symbols that are taken as types which have no value in common. */
export type Impossible<Needs> = {
  [S in keyof Needs]-?: [Needs[S]] extends [never] ? S : never;
}[keyof Needs];
