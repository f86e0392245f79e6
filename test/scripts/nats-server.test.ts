// Which nats-server is taken: the one that is named, else one on the PATH, else the cached one.
import { execFile } from "node:child_process";
import { chmodSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";
import { promisify } from "node:util";
import t from "tap";

const run = promisify(execFile);
const script = resolve(import.meta.dirname, "../../../scripts/nats-server.mjs");

const answers = (text: string) => `#!/bin/sh\necho "${text}"\n`;
const folder = t.testdir({
  old: { "nats-server": answers("nats-server: v2.9.10") },
  new: { "nats-server": answers("nats-server: v2.10.27") },
  newer: { fourstroke: { "nats-server": answers("nats-server: v3.0.0") } },
  other: { "nats-server": answers("hello") },
});
const at = (path: string) => join(folder, path);
for (const path of ["old", "new", "newer/fourstroke", "other"]) {
  chmodSync(at(`${path}/nats-server`), 0o755);
}

/** What the finder prints when it fetches nothing and the machine has only what is given. */
async function look(env: { server?: string; path?: string[]; cache?: string }): Promise<string> {
  const { stdout } = await run(process.execPath, [script, "--look"], {
    env: {
      NATS_SERVER: env.server ?? "",
      PATH: ["/bin", ...(env.path ?? [])].join(delimiter), // /bin: the fakes echo in a shell
      XDG_CACHE_HOME: env.cache ?? at("none"),
    },
  }).catch((error: unknown) => ({ stdout: (error as { stderr: string }).stderr }));
  return stdout.trim();
}

const skip = process.platform === "win32" && "the servers here are shell scripts";

t.test("the first that is new enough is taken", { skip }, async (t) => {
  t.equal(await look({ server: at("new/nats-server"), path: [at("old")] }), at("new/nats-server"));
  t.equal(await look({ path: [at("old"), at("new")] }), at("new/nats-server"));
  const cached = at("newer/fourstroke/nats-server");
  t.equal(await look({ path: [at("new")], cache: at("newer") }), at("new/nats-server"));
  t.equal(await look({ path: [at("old")], cache: at("newer") }), cached);
});

t.test("a refusal says where it looked and why not", { skip }, async (t) => {
  t.equal(await look({ server: at("gone") }), `NATS_SERVER=${at("gone")} is not there`);
  t.equal(
    await look({ server: at("old/nats-server"), path: [at("new")] }),
    `NATS_SERVER=${at("old/nats-server")} is 2.9, older than 2.10`,
    "one that was named is never replaced",
  );
  const said = await look({ path: [at("old"), at("other")] });
  t.equal(
    said,
    "no nats-server >= 2.10: " +
      `${at("old/nats-server")} is 2.9, older than 2.10; ` +
      `${at("other/nats-server")} says "hello" instead of its version; ` +
      `${at("none/fourstroke/nats-server")} is not there`,
  );
});
