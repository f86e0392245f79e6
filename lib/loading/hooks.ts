/** Hooks for Node's module loader, run on a thread of their own: see `prepare.ts`. */
import { readFile } from "node:fs/promises";
import module, { type LoadHook, type ResolveHook } from "node:module";
import { fileURLToPath } from "node:url";
import type { HookOptions } from "./prepare.ts";

type Strip = (source: string) => string;

let options: HookOptions = { own: undefined, strips: false };
let stripper: Promise<Strip> | undefined;

export function initialize(given: HookOptions): void {
  options = given;
}

export const resolve: ResolveHook = async (specifier, context, next) => {
  if (specifier !== "fourstroke" || options.own === undefined) return next(specifier, context);
  return { url: options.own, shortCircuit: true };
};

export const load: LoadHook = async (url, context, next) => {
  const { pathname } = new URL(url);
  if (!options.strips || !/\.m?ts$/.test(pathname)) return next(url, context);
  stripper ??= findStripper();
  const strip = await stripper;
  const source = await readFile(fileURLToPath(url), "utf8");
  try {
    return { format: "module", source: strip(source), shortCircuit: true };
  } catch (error) {
    throw new SyntaxError(`${pathname}: ${wordsOf(error)}`, { cause: error });
  }
};

async function findStripper(): Promise<Strip> {
  const { stripTypeScriptTypes } = module as { stripTypeScriptTypes?: Strip };
  if (stripTypeScriptTypes !== undefined) return (source) => stripTypeScriptTypes(source);
  const { transformSync } = await import("@swc/wasm-typescript");
  return (source) => transformSync(source, { mode: "strip-only", module: true }).code;
}

/** The stripper throws texts and plain objects too. */
function wordsOf(error: unknown): string {
  if (typeof error === "string") return error;
  const { message } = error as { message?: unknown };
  return String(message);
}
