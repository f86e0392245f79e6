/**
 * Makes a clone ready for `npm start` and `npm test`: installs what the lock file says if
 * node_modules differs, and compiles if a source has changed. Does nothing twice, asks nothing.
 *
 * `--server` also looks for a nats-server, and fetches one if there is none; `--tests` does that and
 * builds tap with the plugins of .taprc.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const at = (...path) => join(root, ...path);
const json = (path) => JSON.parse(readFileSync(at(path), "utf8"));

/** What builds depend on beside the sources. */
const settings = ["package.json", "package-lock.json", "tsconfig.json", "scripts/page.mjs"];

requireNode();
if (!installed()) install();
if (!built()) build();
const tests = process.argv.includes("--tests");
if (tests) buildTap();
if (tests || process.argv.includes("--server")) await findServer();

function requireNode() {
  const [floorMajor, floorMinor] = /\d+\.\d+/.exec(json("package.json").engines.node)[0].split(".");
  const [major, minor] = process.versions.node.split(".");
  if (Number(major) > Number(floorMajor)) return;
  if (major === floorMajor && Number(minor) >= Number(floorMinor)) return;
  stop(`fourstroke needs Node ${floorMajor}.${floorMinor} or later; this is ${process.version}`);
}

/**
 * True when each package of the lock file is there in its version; optional ones may be missing.
 */
function installed() {
  if (!existsSync(at("node_modules/.package-lock.json"))) return false;
  const wanted = json("package-lock.json").packages;
  const present = json("node_modules/.package-lock.json").packages;
  return Object.keys(wanted).every(
    (path) =>
      path === "" || // the project itself
      wanted[path].optional === true ||
      (present[path] !== undefined && present[path].version === wanted[path].version),
  );
}

function install() {
  console.error("installing the packages of package-lock.json");
  // No package needs its install script, and NODE_ENV=production must not leave the compiler out.
  const npm = ["ci", "--ignore-scripts", "--include=dev", "--loglevel=error"];
  const runner = process.env.npm_execpath; // set when npm runs this, and good on every platform
  const result =
    runner === undefined
      ? spawnSync("npm", npm, { cwd: root, stdio: ["ignore", "inherit", "inherit"], shell: true })
      : run(runner, ...npm);
  if (result.status !== 0) stop("npm ci failed; see above");
}

/** True when build/ was made from exactly these sources. */
function built() {
  return (
    existsSync(at("build/.sources")) && readFileSync(at("build/.sources"), "utf8") === digest()
  );
}

/**
 * Content, not time, tells what changed: a checkout touches files, and a removed one has no time.
 */
function digest() {
  const hash = createHash("sha256");
  const folders = json("tsconfig.json").include;
  const sources = folders.filter((folder) => existsSync(at(folder))).flatMap(sourcesBelow);
  for (const path of [...settings, ...sources.sort()]) {
    const text = readFileSync(at(path));
    hash.update(`${path} ${text.length}\n`).update(text);
  }
  return hash.digest("hex");
}

function sourcesBelow(folder) {
  return readdirSync(at(folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return sourcesBelow(path);
    return /\.(m?tsx?|css|html|svg)$/.test(entry.name) ? [path] : [];
  });
}

function build() {
  console.error("compiling");
  // Made aside and moved into place, so that nothing of a removed source stays, and a mistake keeps
  // the old one. Types are checked by `npm run check`: whoever only starts it need not wait for that.
  const sources = digest();
  rmSync(at("build-new"), { recursive: true, force: true });
  const tsc = at("node_modules/typescript/bin/tsc");
  const result = run(tsc, "-p", at("tsconfig.json"), "--outDir", at("build-new"), "--noCheck");
  if (result.status !== 0) stop("the sources don't compile; see above");
  const page = run(at("scripts/page.mjs"), at("build-new"));
  if (page.status !== 0) stop("the inspector's page can't be built; see above");
  writeFileSync(at("build-new/.sources"), sources);
  rmSync(at("build"), { recursive: true, force: true });
  renameSync(at("build-new"), at("build"));
}

/**
 * Without this tap does so in its first run, which then still has the old set loaded in its runner.
 * What tap is built with shows in the source that it generates.
 */
function buildTap() {
  const generated = at("node_modules/@tapjs/test/test-built/src/index.ts");
  const leftOut = readFileSync(at(".taprc"), "utf8").match(/(?<=- "!)[^"]+/g);
  const source = existsSync(generated) ? readFileSync(generated, "utf8") : undefined;
  if (source !== undefined && leftOut.every((name) => !source.includes(`"${name}"`))) return;
  console.error("building tap");
  const result = run(at("node_modules/tap/dist/esm/run.mjs"), "build");
  if (result.status !== 0) stop("tap can't be built; see above");
}

/** Runs a script with this Node. */
function run(...args) {
  return spawnSync(process.execPath, args, { cwd: root, stdio: ["ignore", "inherit", "inherit"] });
}

async function findServer() {
  const { natsServer } = await import("./nats-server.mjs");
  try {
    await natsServer({ say: (line) => console.error(line) });
  } catch (error) {
    console.error(`warning: tests that need a server are skipped: ${error.message}`);
  }
}

function stop(message) {
  console.error(message);
  process.exit(1);
}
