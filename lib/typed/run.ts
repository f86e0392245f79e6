/** What running a flow takes and returns, by its type. */
import type { GivesOf, IsAny, NeedsOf, Over, Simplify } from "./carry.ts";

/**
 * The symbols that a run of `F` can be given: those it needs, and, if one likes, those that its
 * atoms provide, since the store goes before every atom.
 */
export type StoreFor<F> = Simplify<NeedsOf<F> & Partial<Omit<GivesOf<F>, keyof NeedsOf<F>>>>;

/** What a run of `F` ends with: what its atoms gave and what it was given, by symbol. */
export type ResultsOf<F> = Known<Over<NeedsOf<F>, GivesOf<F>>>;

/** What the compiler doesn't know goes unchecked from atom to atom, but no further. */
type Known<T> = { [K in keyof T]: IsAny<T[K]> extends true ? unknown : T[K] } & {};

/** Options with the store that `F` needs; without one it can do without. */
export type RunOptions<F, Options> = Omit<Options, "store"> &
  ({} extends NeedsOf<F>
    ? { readonly store?: StoreFor<F> | undefined }
    : { readonly store: StoreFor<F> });

/** Options whose store may be given later or may have been given before, but not mistyped. */
export type LoadOptions<F, Options> = Omit<Options, "store"> & {
  readonly store?: Partial<StoreFor<F>> | undefined;
};

type RequiredKeys<T> = { [K in keyof T]-?: {} extends Pick<T, K> ? never : K }[keyof T] & string;

/** `F` if it runs without a store; else a type that nothing has and that names what is missing. */
export type Storeless<F> =
  {} extends NeedsOf<F> ? F : `it needs a store with "${RequiredKeys<NeedsOf<F>>}"`;
