// What a user gets: the packed tarball, installed into an empty project, checked by its compiler
// and run.
import { execFile } from "node:child_process";
import { mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import t from "tap";

const root = resolve(import.meta.dirname, "../..");
const tsc = join(root, "node_modules/typescript/bin/tsc");
const limits = { packages: 25, megabytes: 12, waitMs: 180_000 };

t.setTimeout(limits.waitMs);
const run = promisify(execFile);
const node = (cwd: string, ...args: string[]) => run(process.execPath, args, { cwd });

function npm(cwd: string, ...args: string[]) {
  const quiet = [...args, "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
  const runner = process.env.npm_execpath; // set when npm runs the tests
  return runner === undefined ? run("npm", quiet, { cwd }) : node(cwd, runner, ...quiet);
}

/** Three tasks as in the README; the last lines must not compile. */
const consumer = `
import { FlowError, linear, run, task, times } from "fourstroke";

const greet = task({
  name: "greet",
  requires: ["who"],
  provides: "greeting",
  execute: ({ who }: { who: string }) => \`hello \${who}\`,
});
const shout = task({
  name: "shout",
  requires: ["greeting"],
  provides: "loud",
  execute: ({ greeting }: { greeting: string }) => greeting.toUpperCase(),
  revert: () => {},
});
const count = task({
  name: "count",
  requires: ["loud"],
  provides: "letters",
  execute: ({ loud }: { loud: string }) => loud.length,
});
const flow = linear("greeting", { retry: times(2) }, greet, shout, count);
const results = await run(flow, { store: { who: "world" } });
const letters: number = results.letters;
console.log(results.loud, letters);

// @ts-expect-error: nothing provides "who"
const missing: unknown = await run(flow, { store: {} }).catch((error: unknown) => error);
console.log(FlowError.is(missing, "MISSING_DEPENDENCIES"));
`;

/** One of the two lets its compiler look into every declaration file that it meets; it is slow. */
const settings = (moduleResolution: string, module: string) => ({
  compilerOptions: {
    target: "ES2022",
    lib: ["ES2022", "ESNext.Disposable"],
    strict: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: moduleResolution !== "nodenext",
    module,
    moduleResolution,
    types: ["node"],
    typeRoots: [join(root, "node_modules/@types")],
    outDir: moduleResolution,
  },
  files: ["consumer.ts"],
});

function megabytes(folder: string): number {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((it) => it.isFile());
  return files.reduce((sum, it) => sum + statSync(join(it.parentPath, it.name)).size, 0) / 2 ** 20;
}

t.test("the packed package", async (t) => {
  const folder = t.testdir();
  const packed = await npm(root, "pack", "--json", `--pack-destination=${folder}`);
  const [tarball] = JSON.parse(packed.stdout) as { filename: string; files: { path: string }[] }[];
  const paths = tarball!.files.map(({ path }) => path);

  t.test("holds what it needs and nothing else", async (t) => {
    for (const path of ["README.md", "LICENSE", "CHANGELOG.md", "build/lib/index.d.ts"]) {
      t.ok(paths.includes(path), path);
    }
    const allowed =
      /^(build\/(lib|actors)\/.*\.(js|d\.ts|css|html)|[A-Z]+(\.md)?|package\.json|nats\.conf)$/;
    t.strictSame(
      paths.filter((path) => !allowed.test(path)),
      [],
    );
  });

  const project = join(folder, "project");
  mkdirSync(project);
  writeFileSync(join(project, "package.json"), JSON.stringify({ private: true, type: "module" }));
  writeFileSync(join(project, "consumer.ts"), consumer);
  await npm(project, "install", "--prefer-offline", join(folder, tarball!.filename));

  t.test("is small", async (t) => {
    const lock = readFileSync(join(project, "node_modules/.package-lock.json"), "utf8");
    const { packages } = JSON.parse(lock) as { packages: Record<string, unknown> };
    const count = Object.keys(packages).length;
    const size = megabytes(join(project, "node_modules"));
    t.ok(count <= limits.packages, `${count} packages`);
    t.ok(size <= limits.megabytes, `${size.toFixed(1)} MB`);
  });

  for (const [moduleResolution, module] of [
    ["nodenext", "nodenext"],
    ["bundler", "esnext"],
  ] as const) {
    t.test(`has types that hold under moduleResolution ${moduleResolution}`, async (t) => {
      const config = join(project, `tsconfig.${moduleResolution}.json`);
      writeFileSync(config, JSON.stringify(settings(moduleResolution, module)));
      const said = await node(project, tsc, "-p", config).then(
        ({ stdout }) => stdout,
        (error: unknown) => (error as { stdout: string }).stdout,
      );
      t.equal(said, "");
    });
  }

  t.test("runs", async (t) => {
    const { stdout } = await node(project, "nodenext/consumer.js");
    t.equal(stdout, "HELLO WORLD 11\ntrue\n");
  });
});
