/**
 * Hides values that are declared secret, and every text that repeats one of them.
 *
 * A value is known by the symbol it belongs to; a text by what was learnt of such values: their strings and numbers of
 * four characters or more. What repeats a secret in a form that is not foreseen here (encrypted, reversed, cut out of
 * its middle) is not found.
 */
import { isDeepStrictEqual } from "node:util";
import { isList, symbolsIn } from "./atom.ts";
import { errorOf, type Failure, failureOf } from "./failure.ts";
import type { Provides } from "./types.ts";

/** Stands in place of what is hidden. */
export const hidden = "[secret]";

/** Shorter texts would be found everywhere. */
const shortest = 4;

/** Beyond these, every text is hidden as a whole: nothing that was not looked at is shown. */
const most = { texts: 2_000, parts: 20_000, depth: 200, shown: 1_000_000, causes: 8 } as const;

export class Redactor {
  readonly #symbols: ReadonlySet<string>;
  readonly #texts = new Set<string>();
  #parts = 0;
  /** Objects of the value that is being looked through. */
  #shown = 0;
  /** There is more than is looked for. */
  #isFull = false;
  #pattern: RegExp | undefined;

  constructor(symbols: Iterable<string>) {
    this.#symbols = new Set(symbols);
  }

  hides(symbol: string): boolean {
    return this.#symbols.has(symbol);
  }

  /** Whether one of the symbols that a result becomes is secret. */
  hidesAnyOf(provides: Provides): boolean {
    return symbolsIn(provides).some((symbol) => this.hides(symbol));
  }

  /** Looks for the texts in a secret from now on. */
  learn(secret: unknown): void {
    this.#learn(secret, 0);
  }

  /** Learns what is secret of values by symbol. */
  learnEach(values: Readonly<Record<string, unknown>>): void {
    for (const symbol of this.#symbols) {
      if (Object.hasOwn(values, symbol)) this.learn(values[symbol]);
    }
  }

  /** Learns what is secret of a result. */
  learnResult(provides: Provides, result: unknown): void {
    if (!this.hidesAnyOf(provides)) return;
    for (const part of this.#secretParts(provides, result)) this.learn(part);
  }

  /** The text with the mark in place of every secret. */
  text(text: string): string {
    if (this.#isFull) return text === "" ? "" : hidden;
    if (this.#texts.size === 0 || text.length < shortest) return text;
    return this.#withoutCutOff(text.replace(this.#regExp(), hidden));
  }

  /** The value of a symbol. */
  value(symbol: string, value: unknown): unknown {
    return this.hides(symbol) ? hidden : this.payload(value);
  }

  /** Values by symbol. */
  each(values: Readonly<Record<string, unknown>>): Record<string, unknown> {
    return Object.fromEntries(
      Object.entries(values).map(([symbol, value]) => [symbol, this.value(symbol, value)]),
    );
  }

  /** Fields of a line for the log; an error stays one. */
  fields(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
    return Object.fromEntries(
      Object.entries(fields).map(([name, field]) => [
        name,
        field instanceof Error ? this.thrown(field) : this.value(name, field),
      ]),
    );
  }

  /** What an atom with these symbols returned. */
  result(provides: Provides, result: unknown): unknown {
    if (result === undefined || result === null) return result;
    if (!this.hidesAnyOf(provides)) return this.payload(result);
    if (typeof provides === "string") return hidden;
    if (Array.isArray(result) && Array.isArray(provides)) {
      const symbols = provides as readonly string[];
      return (result as unknown[]).map((part, at) => this.value(symbols[at] ?? "", part));
    }
    const isPlain = typeof result === "object" && !Array.isArray(result) && !isList(provides);
    // A result that is not what was declared: which part of it is the secret is not known.
    return isPlain ? this.each(result as Record<string, unknown>) : hidden;
  }

  failure(failure: Failure): Failure {
    const { name, message, stack, code, cause } = failure;
    return {
      name: this.text(name),
      message: this.text(message),
      ...(stack === undefined ? {} : { stack: this.text(stack) }),
      ...(code === undefined ? {} : { code: this.text(code) }),
      ...(cause === undefined ? {} : { cause: this.failure(cause) }),
    };
  }

  failures(failures: Readonly<Record<string, Failure>>): Readonly<Record<string, Failure>> {
    return Object.fromEntries(
      Object.entries(failures).map(([atom, failure]) => [atom, this.failure(failure)]),
    );
  }

  /** Something thrown: itself when it repeats no secret, else an error that says the rest of it. */
  thrown(error: unknown): unknown {
    const failure = failureOf(error);
    const shown = this.failure(failure);
    return isDeepStrictEqual(shown, failure) && this.#isClean(error) ? error : errorOf(shown);
  }

  /** What an error and its causes were given besides. */
  #isClean(error: unknown, depth = 0): boolean {
    if (!(error instanceof Error)) return isDeepStrictEqual(this.payload(error), error);
    if (depth > most.causes) return false;
    const given: unknown = Object.fromEntries(Object.entries(error));
    return (
      isDeepStrictEqual(this.payload(given), given) &&
      (error.cause === undefined || this.#isClean(error.cause, depth + 1))
    );
  }

  /** Any value with the mark in place of every secret in it; the value itself if there is none. */
  payload(value: unknown, depth = 0): unknown {
    switch (typeof value) {
      case "string":
        return this.text(value);
      case "number":
      case "bigint":
        return this.#isFull || this.#texts.has(String(value)) ? hidden : value;
      case "object":
        if (value === null) return null;
        if (depth === 0) this.#shown = 0;
        // Only `live` values can be as deep as that, or hold themselves.
        if (depth > most.depth || ++this.#shown > most.shown) return hidden;
        return this.#holder(value, depth + 1);
      default:
        return value;
    }
  }

  #holder(value: object, depth: number): unknown {
    const inside = (part: unknown): unknown => this.payload(part, depth);
    if (Array.isArray(value)) return Array.from(value, inside);
    if (value instanceof Date) return Number.isNaN(value.getTime()) ? value : this.#date(value);
    if (value instanceof Map) {
      return new Map(
        Array.from(value as Map<unknown, unknown>, ([key, part]) => [inside(key), inside(part)]),
      );
    }
    if (value instanceof Set) return new Set(Array.from(value as Set<unknown>, inside));
    const bytes = bytesOf(value);
    if (bytes !== undefined) {
      const text = bytes.toString();
      return this.text(text) === text ? value : hidden;
    }
    if (value instanceof Error) return this.#error(value, depth);
    const entries = Object.entries(value);
    return Object.fromEntries(entries.map(([key, part]) => [this.text(key), inside(part)]));
  }

  #date(date: Date): unknown {
    return this.#isFull || this.#texts.has(date.toISOString()) ? hidden : date;
  }

  /** Only `live` values and fields of a log line can be errors: their texts, and what they were given besides. */
  #error(error: Error, depth: number): object {
    const { name, message, stack } = error;
    const more = this.payload(Object.fromEntries(Object.entries(error)), depth) as object;
    return {
      ...more,
      name: this.text(name),
      message: this.text(message),
      stack: this.text(stack ?? ""),
    };
  }

  #secretParts(provides: Provides, result: unknown): readonly unknown[] {
    const isHolder = typeof result === "object" && result !== null;
    const isWhole = typeof provides === "string" || provides === null;
    if (isWhole || !isHolder || isList(provides) !== Array.isArray(result)) return [result];
    const parts = result as Readonly<Record<string, unknown>>;
    const named = [...symbolsIn(provides).entries()].filter(([, symbol]) => this.hides(symbol));
    return named.map(([place, symbol]) => parts[isList(provides) ? String(place) : symbol]);
  }

  #learn(secret: unknown, depth: number): void {
    if (this.#isFull) return;
    if (++this.#parts > most.parts || depth > most.depth) this.#isFull = true;
    if (typeof secret === "string") return this.#learnText(secret);
    if (typeof secret === "number" || typeof secret === "bigint") {
      return this.#add(String(secret));
    }
    if (typeof secret !== "object" || secret === null) return;
    const bytes = bytesOf(secret);
    if (bytes !== undefined) {
      this.#add(bytes.toString("base64"));
      this.#add(bytes.toString("hex"));
      return this.#learnText(bytes.toString());
    }
    if (secret instanceof Date) {
      return Number.isNaN(secret.getTime()) ? undefined : this.#add(secret.toISOString());
    }
    for (const part of partsOf(secret)) this.#learn(part, depth + 1);
  }

  /** Also as it looks within JSON and within a URL, and each of its lines, since texts are shown by lines. */
  #learnText(text: string): void {
    const wellFormed = text.toWellFormed();
    this.#add(wellFormed);
    this.#add(JSON.stringify(wellFormed).slice(1, -1));
    this.#add(encodeURIComponent(wellFormed));
    if (/[\r\n]/.test(text)) for (const line of text.split(/[\r\n]+/)) this.#add(line);
  }

  #add(text: string): void {
    if (text.length < shortest || text.trim() === "" || this.#texts.has(text)) return;
    if (this.#texts.size >= most.texts) this.#isFull = true;
    else this.#texts.add(text);
    this.#pattern = undefined;
  }

  #regExp(): RegExp {
    // The longest first: a shorter secret may be part of it.
    this.#pattern ??= new RegExp(
      [...this.#texts]
        .sort((one, other) => other.length - one.length)
        .map((text) => text.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&"))
        .join("|"),
      "g",
    );
    return this.#pattern;
  }

  /** What was cut may end in the beginning of a secret. */
  #withoutCutOff(text: string): string {
    if (!text.endsWith("…")) return text;
    const end = text.length - 1;
    let longest = 0;
    for (const secret of this.#texts) {
      for (let length = Math.min(secret.length, end); length > longest; length--) {
        if (length < shortest) break;
        if (!text.startsWith(secret.slice(0, length), end - length)) continue;
        longest = length;
      }
    }
    return longest === 0 ? text : `${text.slice(0, end - longest)}${hidden}…`;
  }
}

function bytesOf(value: object): Buffer | undefined {
  if (value instanceof ArrayBuffer) return Buffer.from(value);
  if (!ArrayBuffer.isView(value)) return undefined;
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
}

function partsOf(value: object): Iterable<unknown> {
  // The pairs of a map are lists.
  if (value instanceof Map || value instanceof Set || Array.isArray(value)) {
    return value as Iterable<unknown>;
  }
  const parts: unknown[] = Object.values(value);
  return value instanceof Error ? [value.message, ...parts] : parts;
}
