/** Tells whether a file was started, or only imported. */
import { pathToFileURL } from "node:url";

/** @param url - the file's `import.meta.url` */
export function isMain(url: string): boolean {
  const started = process.argv[1];
  return started !== undefined && pathToFileURL(started).href === url;
}
