/**
 * Builds the inspector's page into a folder that the sources were compiled to: `node scripts/page.mjs FOLDER`.
 *
 * Beside it go the licences of what is bundled.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const page = join(root, "lib/inspector/page");
const outDir = resolve(process.argv[2] ?? join(root, "build"), "lib/inspector/page");

/** Where what is bundled comes from, for those who want its sources. */
const bundled = [
  { name: "preact", note: "" },
  { name: "xstate", note: "" },
  {
    name: "elkjs",
    note: "Used under the Eclipse Public License 2.0. It is bundled unchanged; its source is what the package of this\nname and version on npm says, and its licence is below.",
  },
];

await build({
  configFile: false,
  root: page,
  base: "/",
  logLevel: "warn",
  publicDir: false,
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    outDir,
    emptyOutDir: true,
    target: ["es2023", "chrome123", "firefox121", "safari17.5"],
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 4096,
    reportCompressedSize: false,
  },
});
writeFileSync(join(outDir, "licences.txt"), bundled.map(noticeOf).join(`\n${"-".repeat(80)}\n\n`));

function noticeOf({ name, note }) {
  const folder = join(root, "node_modules", name);
  const { version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  return `${name} ${version} (${license})\n${note}${note === "" ? "" : "\n"}\n${licenceIn(folder)}`;
}

function licenceIn(folder) {
  for (const name of ["LICENSE", "LICENSE.md", "license"]) {
    try {
      return readFileSync(join(folder, name), "utf8");
    } catch {
      // It has another name.
    }
  }
  throw new Error(`${folder} has no licence`);
}
