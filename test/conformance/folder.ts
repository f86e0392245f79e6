import { fileURLToPath } from "node:url";

// This file is compiled to `build/test/conformance`.
const folder = (name: string): string =>
  fileURLToPath(new URL(`../../../test/conformance/${name}`, import.meta.url));

/** The cases that describe TaskFlow; others may be had of the same kind. */
export const casesFolder = folder("cases");

/** Cases that were once found not to hold, and those that the others lack. */
export const foundFolder = folder("found");
