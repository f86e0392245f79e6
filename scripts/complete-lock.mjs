/**
 * Adds the platforms' packages that package-lock.json leaves out; run it after each change of
 * dependencies.
 *
 * npm writes no entry for an optional package that its registry doesn't have, and a mirror need not
 * have those of all platforms; `npm ci` then refuses the whole lock file, on every platform. An
 * entry added here has the version that its parent asks for, and no checksum: npm adds that when it
 * is installed from a registry that has it.
 */
import { readFileSync, writeFileSync } from "node:fs";

const file = new URL("../package-lock.json", import.meta.url);
const lock = JSON.parse(readFileSync(file, "utf8"));

const systems = "aix|android|darwin|freebsd|linux|openharmony|win32";
const cpus = "arm64|arm|ia32|loong64|mips64el|ppc64|riscv64|s390x|x64";
const suffix = new RegExp(`[-.](${systems})-(${cpus})(?:-(gnu|musl|msvc|eabi)\\w*)?$`);

for (const parent of Object.values(lock.packages)) {
  for (const [name, version] of Object.entries(parent.optionalDependencies ?? {})) {
    const path = `node_modules/${name}`;
    const platform = suffix.exec(name);
    if (lock.packages[path] !== undefined || platform === null) continue;
    const [, os, cpu, abi] = platform;
    lock.packages[path] = {
      version,
      cpu: [cpu],
      ...(parent.dev ? { dev: true } : {}),
      ...(os === "linux" && (abi === "gnu" || abi === "musl")
        ? { libc: [abi === "gnu" ? "glibc" : "musl"] }
        : {}),
      optional: true,
      os: [os],
    };
    console.log(`added ${name} ${version}`);
  }
}

const [first, ...rest] = Object.entries(lock.packages);
rest.sort(([a], [b]) => a.localeCompare(b, "en"));
lock.packages = Object.fromEntries([first, ...rest]);
writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
