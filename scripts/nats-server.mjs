/**
 * Finds a nats-server of 2.10 or later, or fetches one into a cache of this user's; nothing is
 * installed.
 *
 * Order: $NATS_SERVER, the PATH, the cache, then Debian's newer suites through the machine's own
 * mirror and keys, then the project's release archive. As a command it prints the path;
 * `--look` fetches nothing.
 */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmod,
  copyFile,
  mkdir,
  mkdtemp,
  readFile,
  rename,
  rm,
  stat,
  writeFile,
} from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Older ones can't fence a replicated stream, and don't know `sync_interval`. */
const oldest = [2, 10];

/** What is fetched where no package manager has it. */
const release = "v2.15.1";
const releases = "https://github.com/nats-io/nats-server/releases/download";

/** Debian 12 has 2.9; the binary is static, so that of a newer suite runs there. */
const suites = ["trixie", "sid"];

const limits = { versionMs: 10_000, packageMs: 180_000, downloadMs: 120_000 };

const executable = process.platform === "win32" ? "nats-server.exe" : "nats-server";

const cacheFolder = () =>
  join(
    process.env.XDG_CACHE_HOME || // an empty one counts as unset, says its specification
      (process.platform === "win32" && process.env.LOCALAPPDATA) ||
      join(homedir(), ".cache"),
    "fourstroke",
  );

/**
 * @param {{ fetch?: boolean, say?: (line: string) => void }} [options] `fetch: false` only looks;
 *   `say` hears what takes long
 * @returns {Promise<string>} the path of a server that answered with its version
 * @throws {Error} saying each place that was looked at and why it would not do
 */
export async function natsServer({ fetch = true, say = () => {} } = {}) {
  const refusals = [];
  const named = process.env.NATS_SERVER;
  if (named) {
    const refusal = await refusalOf(named);
    if (refusal === undefined) return named;
    // A server that was asked for is never replaced.
    throw new Error(`NATS_SERVER=${named} ${refusal}`);
  }
  const cached = join(cacheFolder(), executable);
  for (const path of [...(await onPath()), cached]) {
    const refusal = await refusalOf(path);
    if (refusal === undefined) return path;
    refusals.push(`${path} ${refusal}`);
  }
  if (fetch) {
    say(`fetching a nats-server into ${cacheFolder()}, once`);
    for (const [from, source] of [
      ["Debian", fromDebian],
      ["the release", fromRelease],
    ]) {
      try {
        return await keep(cached, source);
      } catch (error) {
        refusals.push(`${from}: ${reason(error)}`);
      }
    }
  }
  throw new Error(`no nats-server >= ${oldest.join(".")}: ${refusals.join("; ")}`);
}

/** Why `path` will not do; undefined: it will. */
async function refusalOf(path) {
  let said;
  try {
    said = (await run(path, ["--version"], { timeout: limits.versionMs })).stdout.trim();
  } catch (error) {
    return error.code === "ENOENT" ? "is not there" : `doesn't run: ${reason(error)}`;
  }
  const [, major, minor] = /v(\d+)\.(\d+)\./.exec(said) ?? [];
  if (major === undefined) return `says "${said}" instead of its version`;
  const enough =
    Number(major) > oldest[0] || (Number(major) === oldest[0] && Number(minor) >= oldest[1]);
  return enough ? undefined : `is ${major}.${minor}, older than ${oldest.join(".")}`;
}

async function onPath() {
  const found = [];
  for (const folder of (process.env.PATH ?? "").split(delimiter).filter(Boolean)) {
    const path = join(folder, executable);
    if (
      await stat(path).then(
        (it) => it.isFile(),
        () => false,
      )
    )
      found.push(path);
  }
  return found;
}

/**
 * Lets `source` make a binary in a folder that goes away, checks it, and moves it into the cache at
 * once.
 */
async function keep(cached, source) {
  const folder = await mkdtemp(join(tmpdir(), "fourstroke-"));
  try {
    const made = await source(folder);
    const refusal = await refusalOf(made);
    if (refusal !== undefined) throw new Error(refusal);
    await mkdir(cacheFolder(), { recursive: true });
    const beside = `${cached}.${process.pid}`;
    await copyFile(made, beside); // the temporary folder may be on another file system
    await chmod(beside, 0o755);
    await rename(beside, cached);
    return cached;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * Takes the package from a newer suite of the mirror that this machine uses already. Everything apt
 * writes goes into `folder`; signatures are checked with the machine's own keys.
 */
async function fromDebian(folder) {
  const mirror = await debianMirror();
  let last;
  for (const suite of suites) {
    try {
      return await fromSuite(join(folder, suite), mirror, suite);
    } catch (error) {
      last = error;
    }
  }
  throw last;
}

async function debianMirror() {
  const about = await readFile("/etc/os-release", "utf8").catch(() => "");
  if (!/^ID=debian$/m.test(about)) throw new Error("this is not Debian");
  const codename = /^VERSION_CODENAME=(\w+)$/m.exec(about)?.[1] ?? "sid";
  const { stdout } = await run("apt-get", [
    "indextargets",
    "--format",
    "$(REPO_URI) $(RELEASE) $(COMPONENT) $(ARCHITECTURE)",
    "Created-By: Packages",
  ]);
  const names = [codename, "stable", "testing", "unstable", "sid"];
  for (const line of stdout.split("\n")) {
    const [uri, suite, component, architecture] = line.split(" ");
    if (names.includes(suite) && component === "main") return { uri, architecture };
  }
  throw new Error("apt has no source for Debian's main archive");
}

async function fromSuite(folder, { uri, architecture }, suite) {
  const at = (name) => join(folder, name);
  for (const name of ["lists/partial", "archives/partial", "unpacked"]) {
    await mkdir(at(name), { recursive: true });
  }
  const keyring = await firstFile(
    "/usr/share/keyrings/debian-archive-keyring.pgp",
    "/usr/share/keyrings/debian-archive-keyring.gpg",
  );
  const about = [
    `arch=${architecture}`,
    "target=Packages",
    ...(keyring === undefined ? [] : [`signed-by=${keyring}`]), // none: apt's trusted keys
  ];
  await writeFile(at("sources.list"), `deb [${about.join(" ")}] ${uri} ${suite} main\n`);
  await writeFile(at("status"), "");
  // What the machine's configuration says of proxies stays; what it says of places and hooks is
  // replaced.
  await writeFile(
    at("apt.conf"),
    [
      "#clear APT::Update;",
      "#clear DPkg;",
      `Dir::Etc::SourceList "${at("sources.list")}";`,
      'Dir::Etc::SourceParts "/dev/null";',
      'Dir::Etc::Preferences "/dev/null";',
      'Dir::Etc::PreferencesParts "/dev/null";',
      `Dir::State::Lists "${at("lists")}";`,
      `Dir::State::Status "${at("status")}";`,
      `Dir::Cache "${folder}";`,
      `Dir::Cache::Archives "${at("archives")}";`,
      'Acquire::Languages "none";',
      'Acquire::Retries "2";',
      // The folder is its owner's alone, so apt's own user could not write there.
      ...(process.getuid?.() === 0 ? ['APT::Sandbox::User "root";'] : []),
    ].join("\n"),
  );
  const options = {
    cwd: folder,
    timeout: limits.packageMs,
    env: {
      ...process.env,
      APT_CONFIG: at("apt.conf"),
      LC_ALL: "C",
      DEBIAN_FRONTEND: "noninteractive",
    },
  };
  await run("apt-get", ["-qq", "--error-on=any", "update"], options);
  const { stdout } = await run(
    "apt-get",
    ["-qq", "--print-uris", "download", "nats-server"],
    options,
  );
  await run("apt-get", ["-qq", "download", "nats-server"], options);
  const file = /^'[^']+' (\S+)/m.exec(stdout)?.[1] ?? "";
  await run("dpkg", ["-x", at(file), at("unpacked")], options);
  return (
    (await firstFile(at("unpacked/usr/sbin/nats-server"), at("unpacked/usr/bin/nats-server"))) ?? ""
  );
}

async function firstFile(...paths) {
  for (const path of paths) {
    if (
      await stat(path).then(
        (it) => it.isFile(),
        () => false,
      )
    )
      return path;
  }
  return undefined;
}

/**
 * The archive of the release for this platform, checked against the checksums that lie beside it.
 */
async function fromRelease(folder) {
  const os = process.platform === "win32" ? "windows" : process.platform;
  const cpu = { x64: "amd64", ia32: "386", arm: "arm7" }[process.arch] ?? process.arch;
  const name = `nats-server-${release}-${os}-${cpu}`;
  const archive = `${name}.${os === "windows" ? "zip" : "tar.gz"}`; // Windows' tar reads zips
  const [bytes, sums] = await Promise.all([
    download(`${releases}/${release}/${archive}`),
    download(`${releases}/${release}/SHA256SUMS`),
  ]);
  const expected = sums
    .toString("utf8")
    .split("\n")
    .find((line) => line.endsWith(archive))
    ?.split(/\s/)[0];
  if (createHash("sha256").update(bytes).digest("hex") !== expected) {
    throw new Error(`${archive} is not what its checksum says`);
  }
  await writeFile(join(folder, archive), bytes);
  await run("tar", ["-xf", archive], { cwd: folder });
  return join(folder, name, executable);
}

async function download(url) {
  const answer = await fetch(url, { signal: AbortSignal.timeout(limits.downloadMs) });
  if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
  return Buffer.from(await answer.arrayBuffer());
}

/** One line: what a command wrote last, or an error's own words and its cause's. */
function reason(error) {
  const written = String(error.stderr ?? "")
    .trim()
    .split("\n")
    .at(-1);
  if (written) return written;
  return error.cause instanceof Error ? `${error.message} (${error.cause.message})` : error.message;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  try {
    const fetch = !process.argv.includes("--look");
    console.log(await natsServer({ fetch, say: console.error }));
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
