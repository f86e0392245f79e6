import { fileURLToPath } from "node:url";

/** The project's own cases; this file is compiled to `build/test/conformance`. */
export const casesFolder = fileURLToPath(
  new URL("../../../test/conformance/cases", import.meta.url),
);
