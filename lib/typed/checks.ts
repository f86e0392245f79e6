/**
 * Mistakes in a declaration that the compiler can tell, as types. Each check is `unknown` where all
 * is well; else it asks an option to be a text that nobody writes, so that the error shows it.
 */
import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { IsAny } from "./carry.ts";
import type { Names, NamesOf, Schemas, Unprovided } from "./inputs.ts";

// Where something else is wrong already, Words is the compiler's own any: one error is enough.
type Refuse<Option extends string, Words> =
  IsAny<Words> extends true
    ? unknown
    : [Words] extends [never]
      ? unknown
      : { readonly [O in Option]: Words };

/** Every parameter of a function must be listed. `any` and types of unknown names can't be told. */
export type CheckListed<Option extends string, R, O, A, Method extends string> =
  IsAny<A> extends true
    ? unknown
    : Refuse<
        Option,
        Unlisted<R, O, A> extends infer K extends string
          ? `${Method} takes "${K}", which ${Option} doesn't name`
          : never
      >;

type Unlisted<R, O, A> = string extends keyof A
  ? never
  : Exclude<keyof A & string, NamesOf<R> | NamesOf<O>>;

/** An optional parameter may be absent, so the function must be ready for that. */
export type CheckOptional<Option extends string, O, A, Method extends string> = Refuse<
  Option,
  Relied<O, A> extends infer K extends string
    ? `"${K}" is optional, but ${Method} relies on it`
    : never
>;

type Relied<O, A> = {
  [K in NamesOf<O> & keyof A]: undefined extends A[K] ? never : {} extends Pick<A, K> ? never : K;
}[NamesOf<O> & keyof A] &
  string;

/** What a schema gives must be what the function takes. */
export type CheckSchemas<Option extends string, P, A, Method extends string> = P extends Schemas
  ? Refuse<
      Option,
      Mistyped<P, A> extends infer K extends string
        ? `the schema of "${K}" gives another type than ${Method} takes`
        : never
    >
  : unknown;

type Mistyped<P extends Schemas, A> = {
  [K in keyof P & keyof A]: [StandardSchemaV1.InferOutput<P[K]>] extends [Required<A>[K]]
    ? never
    : K;
}[keyof P & keyof A] &
  string;

/** A rebind names parameters, or lists no more symbols than there are required ones. */
export type CheckRebind<Option extends string, R, O, B> = B extends Names
  ? R extends Names
    ? Refuse<Option, TooMany<R, B> extends true ? `more symbols than required parameters` : never>
    : Refuse<Option, "a list goes by position, but the required parameters have none: name them">
  : Refuse<
      Option,
      Exclude<keyof B & string, NamesOf<R> | NamesOf<O>> extends infer K extends string
        ? `"${K}" is no parameter`
        : never
    >;

type TooMany<R extends Names, B extends Names> = number extends R["length"] | B["length"]
  ? false
  : B extends readonly [...{ [I in keyof R]: string }, string, ...Names]
    ? true
    : false;

/** What is provided must be in what the function returns. */
export type CheckProvided<P, T, Method extends string> = Refuse<
  "provides",
  Unprovided<P, T> extends infer K extends string ? `${Method} returns nothing for "${K}"` : never
>;

/** What is injected must be taken, and of the type that is taken. */
export interface CheckInjected<I extends string, N> {
  readonly inject?: {
    readonly [S in I]: S extends keyof N ? N[S] : `"${S}" is no symbol that it takes`;
  };
}

/** What is declared secret must be a symbol that it takes, is given or provides. */
export interface CheckSecrets<Symbols> {
  readonly secrets?: readonly (Symbols & string)[] | undefined;
}

/** `revert` without inputs of its own gets those of `execute`, no more. */
export type CheckShared<A, RA, Method extends string> = [A] extends [RA]
  ? unknown
  : Refuse<
      "revert",
      Exclude<keyof RA & string, keyof A> extends infer K extends string
        ? [K] extends [never]
          ? `it takes inputs of other types than ${Method} does`
          : `it takes "${K}", which ${Method} doesn't take; list its own in revertRequires`
        : never
    >;
