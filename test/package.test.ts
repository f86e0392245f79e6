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

const readme = readFileSync(join(root, "README.md"), "utf8");

/** The first flow that the README shows. */
const shown = /```ts\n(?<code>.*?)```/s.exec(readme)!.groups!["code"]!;

const consumer = `${shown}
import { FlowError } from "fourstroke";

// @ts-expect-error: nothing provides "cores"
const missing: unknown = await run(createServer, { store: { region: "eu" } }).catch((error: unknown) => error);
console.log(FlowError.is(missing, "MISSING_DEPENDENCIES"));
`;

/** What the README says is a compile error, and what the compiler has to say to it. */
const mistakes: readonly (readonly [code: string, words: RegExp])[] = [
  [shown.replace(", cores: 4", ""), /"cores"|'cores'/],
  [shown.replace("price }: { price: number }", "price }: { price: string }"), /price/],
  [shown.replace('"address", "cores"]', '"address"]'), /cores/],
];

/**
 * One of the two lets its compiler look into every declaration file that it meets. It is slow, and not for projects that
 * tell optional properties from undefined ones: XState's own declarations don't.
 */
const settings = (moduleResolution: string, module: string, files = ["consumer.ts"]) => ({
  compilerOptions: {
    target: "ES2022",
    lib: ["ES2022", "ESNext.Disposable"],
    strict: true,
    exactOptionalPropertyTypes: moduleResolution !== "nodenext",
    skipLibCheck: moduleResolution !== "nodenext",
    module,
    moduleResolution,
    types: ["node"],
    typeRoots: [join(root, "node_modules/@types")],
    outDir: moduleResolution,
  },
  files,
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
      /^(build\/(lib|actors)\/.*\.(js|d\.ts|css|html|svg)|build\/lib\/inspector\/page\/licences\.txt|[A-Z]+(\.md)?|package\.json|nats\.conf)$/;
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

  /** What the compiler says of files in the project. */
  async function compile(config: ReturnType<typeof settings>): Promise<string> {
    const path = join(project, "tsconfig.json");
    writeFileSync(path, JSON.stringify(config));
    return node(project, tsc, "-p", path).then(
      ({ stdout }) => stdout,
      (error: unknown) => (error as { stdout: string }).stdout,
    );
  }

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
      t.equal(await compile(settings(moduleResolution, module)), "");
    });
  }

  t.test("has types that find the mistakes which the README names", async (t) => {
    const files = mistakes.map((_, at) => `mistake${at}.ts`);
    mistakes.forEach(([code], at) => {
      t.not(code, shown, "there is something to spoil");
      writeFileSync(join(project, `mistake${at}.ts`), code);
    });
    const said = await compile(settings("bundler", "esnext", files));
    mistakes.forEach(([, words], at) => {
      const about = said.split(/\n(?=\S)/).filter((it) => it.startsWith(`mistake${at}.ts`));
      t.match(about.join("\n"), words);
    });
  });

  t.test("runs", async (t) => {
    const { stdout } = await node(project, "nodenext/consumer.js");
    t.equal(stdout, "4 to pay: 8\ntrue\n");
  });
});
