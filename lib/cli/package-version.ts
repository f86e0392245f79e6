/** The version of this package. */
import { readFileSync } from "node:fs";

export function packageVersion(): string {
  // From build/lib/cli/ up to the package.
  const text = readFileSync(new URL("../../../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}
