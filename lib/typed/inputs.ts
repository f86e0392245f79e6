/** From what an atom declares and what its function takes and returns to what it needs and gives. */
import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { AnyGives, IsAny, Simplify, Without } from "./carry.ts";

export type Names = readonly string[];
export type Schemas = Readonly<Record<string, StandardSchemaV1>>;
/** Parameters: their names, or a Standard Schema for each. */
export type Params = Names | Schemas;
/** From parameters to symbols, or the symbols of the required parameters by position. */
export type Rebind = Names | Readonly<Record<string, string>>;
export type ProvidesOption = null | string | Names | { readonly keys: Names };

// A tuple in the union lets a list that is returned be a tuple.
// eslint-disable-next-line @typescript-eslint/no-invalid-void-type -- functions may return nothing
export type Returnable = readonly [] | readonly unknown[] | {} | null | undefined | void;

export type NamesOf<P> = P extends Names ? P[number] : keyof P & string;

type OutputOf<P, K> = P extends Schemas
  ? K extends keyof P
    ? StandardSchemaV1.InferOutput<P[K]>
    : never
  : unknown;

/** What a function gets whose parameters are not annotated: outputs of schemas, else unknown. */
export type Given<Required, Optional> = Simplify<
  { [K in NamesOf<Required>]: OutputOf<Required, K> } & {
    [K in NamesOf<Optional>]?: OutputOf<Optional, K>;
  }
>;

/** The type a provider must give: what the schema takes, else what the function takes. */
type TakenType<P, A, K> = P extends Schemas
  ? K extends keyof P
    ? StandardSchemaV1.InferInput<P[K]>
    : never
  : IsAny<A> extends true
    ? unknown
    : K extends keyof A
      ? A[K]
      : unknown;

/** The symbol that parameter `K` is bound to. */
type SymbolOf<K, B, By> = B extends Names
  ? By extends Names
    ? Or<
        { [I in keyof By]: By[I] extends K ? (I extends keyof B ? B[I] : never) : never }[number],
        K
      >
    : K
  : K extends keyof B
    ? B[K]
    : K;

type Or<T, Else> = [T] extends [never] ? Else : T;

type AllSymbols<P, B, By> = { [K in NamesOf<P>]: SymbolOf<K, B, By> }[NamesOf<P>] & string;

/** Of two parameters bound to one symbol each must take its value, hence the intersection. */
type TypeOfSymbol<P, A, B, By, S> = {
  [K in NamesOf<P>]: S extends SymbolOf<K, B, By> ? (value: TakenType<P, A, K>) => void : never;
}[NamesOf<P>] extends (value: infer T) => void
  ? T
  : never;

type Bound<P, A, B, By> = [keyof B] extends [never]
  ? { [K in NamesOf<P>]: TakenType<P, A, K> }
  : { [S in AllSymbols<P, B, By>]: TypeOfSymbol<P, A, B, By, S> };

/**
 * The symbols that a function takes: `R` required and `O` optional parameters, their types in `A`,
 * bound by `B`, where a list goes by the position in `By`. Injected ones are still among them.
 */
export type Taken<R, O, A, B, By = R> = Bound<R, A, B, By> &
  Optionals<Without<Bound<O, Required<A>, B, By>, keyof Bound<R, A, B, By>>>;

type Optionals<T> = { [K in keyof T]?: T[K] };

type Element<T, I> = T extends readonly unknown[]
  ? number extends T["length"]
    ? T[number]
    : I extends keyof T
      ? T[I]
      : never
  : never;

// Nothing is known of any. The compiler takes unknown for a result before it has seen the function,
// and a check that failed then would be an error for good.
type Unjudged<T> = IsAny<T> extends true ? true : unknown extends T ? true : false;

/** What an atom provides that returns `T`. */
export type Provided<P, T> = P extends null | undefined
  ? {}
  : P extends string
    ? { [S in P]: T }
    : Unjudged<T> extends true
      ? { [S in SymbolsIn<P>]: T }
      : P extends Names
        ? number extends P["length"]
          ? AnyGives
          : { [I in Exclude<keyof P, keyof []> as P[I] & string]: Element<T, I> }
        : { [S in SymbolsIn<P>]: S extends keyof T ? T[S] : never };

type SymbolsIn<P> = P extends Names
  ? P[number]
  : P extends { readonly keys: infer K extends Names }
    ? K[number]
    : never;

/** The symbols in `P` for which `T` has no part. */
export type Unprovided<P, T> =
  Unjudged<T> extends true ? never : string extends SymbolsIn<P> ? never : PartsMissing<P, T>;

type PartsMissing<P, T> = P extends Names
  ? T extends readonly unknown[]
    ? number extends T["length"]
      ? never
      : PlacesMissing<P, T, Exclude<keyof P, keyof []>>
    : P[number]
  : P extends { readonly keys: infer K extends Names }
    ? Exclude<K[number], keyof T>
    : never;

type PlacesMissing<P, T, Places extends keyof P> = {
  [I in Places]: I extends keyof T ? never : P[I];
}[Places];
