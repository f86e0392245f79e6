/** Which of this process's options its hosts get too. */

/** Options that decide how modules are found and loaded, and what Node warns of. */
const alone = new Set([
  "--enable-source-maps",
  "--experimental-import-meta-resolve",
  "--experimental-strip-types",
  "--experimental-transform-types",
  "--no-deprecation",
  "--no-experimental-strip-types",
  "--no-strip-types",
  "--no-warnings",
  "--preserve-symlinks",
  "--throw-deprecation",
  "--trace-deprecation",
  "--trace-uncaught",
  "--trace-warnings",
]);

/** The same with a value, which may be the next argument. */
const valued = new Set([
  "-C",
  "-r",
  "--conditions",
  "--disable-warning",
  "--experimental-loader",
  "--import",
  "--loader",
  "--require",
  "--unhandled-rejections",
]);

/**
 * The options that a host needs as this process does. Others are this process's own affair: the code
 * it evaluates, the port it is debugged at, what it watches, the files with its environment.
 *
 * @param given - as `process.execArgv` has them
 */
export function hostFlags(given: readonly string[]): string[] {
  const flags: string[] = [];
  for (let at = 0; at < given.length; at++) {
    const flag = given[at] ?? "";
    const [name = ""] = flag.split("=", 1);
    if (alone.has(flag) || (name !== flag && valued.has(name))) flags.push(flag);
    else if (valued.has(flag) && at + 1 < given.length) flags.push(flag, given[++at] ?? "");
  }
  return flags;
}
