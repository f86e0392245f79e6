/**
 * Lets Node load what a flow's file is made of: TypeScript, where Node itself doesn't strip the types, and the
 * package `fourstroke`, where the file's folder has none of its own.
 */
import { createRequire, register } from "node:module";
import { extname } from "node:path";
import { FlowError } from "../errors.ts";

/** What the hooks are told; see `hooks.ts`. */
export interface HookOptions {
  /** URL that stands for the package `fourstroke`, if it is to be found at all. */
  readonly own: string | undefined;
  readonly strips: boolean;
}

/**
 * Called before a file is imported.
 *
 * @throws FlowError `MODULE_NOT_LOADED` for TypeScript that nothing here can strip
 */
export function prepareLoading(file: string): void {
  const strips = isTypeScript(file) && !nodeStrips();
  if (strips) requireStripper(file);
  const own = hasPackage(file) ? undefined : new URL("../index.js", import.meta.url).href;
  if (!strips && own === undefined) return;
  const data: HookOptions = { own, strips };
  register("./hooks.js", import.meta.url, { data });
}

const isTypeScript = (file: string): boolean => [".ts", ".mts", ".cts"].includes(extname(file));

function nodeStrips(): boolean {
  const features: object = process.features;
  return "typescript" in features && features.typescript !== false;
}

function hasPackage(file: string): boolean {
  try {
    createRequire(file).resolve("fourstroke");
    return true;
  } catch {
    return false;
  }
}

/** Node has a stripper from 22.13 on; it uses it by itself from 22.18 on. */
function requireStripper(file: string): void {
  const require = createRequire(import.meta.url);
  if ("stripTypeScriptTypes" in (require("node:module") as object)) return;
  try {
    require.resolve("@swc/wasm-typescript");
  } catch {
    const problem =
      `Node ${process.versions.node} can't load TypeScript by itself: ` +
      "install @swc/wasm-typescript beside fourstroke, or use Node 22.18 or later";
    throw new FlowError("MODULE_NOT_LOADED", { module: file, problem });
  }
}
