// What must not get through: other sites, other names, guesses, requests that are too large, pages that don't read.
import { connect, type Socket } from "node:net";
import t from "tap";
import { linear, memoryJournal, run, task } from "../../lib/index.ts";
import { memoryJobboard } from "../../lib/jobboard/memory.ts";
import { serve } from "./serve.ts";

const token = "a-token-of-enough-characters";
const journal = memoryJournal();
const board = memoryJobboard();
await board.post({ id: "job", flow: "f" });
await run(linear("f", task({ name: "a", execute: () => 1 })), { id: "flow", journal });

const open = await serve({ journal, board });
const locked = await serve({ journal, board, allowEdits: true, token });
t.teardown(async () => {
  await open.close();
  await locked.close();
});

/** Sends bytes, and gives what comes back until the other side ends or enough has come. */
function send(port: number, text: string): Promise<string> {
  return new Promise((resolve) => {
    let heard = "";
    const socket: Socket = connect(port, "127.0.0.1", () => {
      socket.write(text);
    });
    socket.setTimeout(15_000, () => socket.destroy());
    socket.on("data", (chunk: Buffer) => {
      heard += chunk.toString("latin1");
      if (heard.includes("\r\n\r\n")) setTimeout(() => socket.destroy(), 20);
    });
    socket.on("error", () => undefined); // it was cut off: told by what was heard until then
    socket.on("close", () => {
      resolve(heard);
    });
  });
}

interface Attack {
  readonly method?: string;
  readonly path?: string;
  readonly host?: string;
  readonly headers?: readonly string[];
  readonly body?: string;
  readonly to?: "locked";
}

function request({
  method = "GET",
  path = "/api/flows",
  host,
  headers = [],
  body = "",
  to,
}: Attack): Promise<string> {
  const { port } = to === "locked" ? locked : open;
  const lines = [`${method} ${path} HTTP/1.1`, `Host: ${host ?? `127.0.0.1:${port}`}`, ...headers];
  if (body !== "") lines.push(`Content-Length: ${body.length}`);
  return send(port, `${lines.join("\r\n")}\r\n\r\n${body}`);
}

const statusOf = (answer: string): number => Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1] ?? 0);

const commands = {
  method: "POST",
  path: "/api/command?id=job",
  to: "locked",
  body: '{"kind":"kill"}',
} as const;
const json = "Content-Type: application/json";
const ours = "X-Fourstroke: inspect";
const bearer = `Authorization: Bearer ${token}`;

const attacks: readonly (readonly [name: string, attack: Attack, status: number])[] = [
  ["rebinding: a name of the attacker's", { host: "evil.example" }, 421],
  ["rebinding: with our port", { host: `evil.example:${open.port}` }, 421],
  ["rebinding: our address as a label", { host: `127.0.0.1.evil.example:${open.port}` }, 421],
  ["rebinding: another port", { host: "127.0.0.1:1" }, 421],
  ["rebinding: no port", { host: "127.0.0.1" }, 421],
  ["rebinding: localhost as a suffix", { host: `evil.localhost:${open.port}` }, 421],
  ["rebinding: an empty host", { host: "" }, 421],
  ["rebinding: two hosts in one", { host: `127.0.0.1:${open.port},evil.example` }, 421],
  ["rebinding: user information", { host: `evil@127.0.0.1:${open.port}` }, 421],
  ["rebinding: the page itself", { host: "evil.example", path: "/" }, 421],
  ["rebinding: the stream", { host: "evil.example", path: "/api/events" }, 421],
  ["rebinding: by an absolute address", { path: "http://evil.example/api/flows" }, 404],
  ["another origin", { headers: ["Origin: http://evil.example"] }, 403],
  ["another origin: null, a sandboxed frame", { headers: ["Origin: null"] }, 403],
  [
    "another origin: another port of this machine",
    { headers: ["Origin: http://127.0.0.1:1"] },
    403,
  ],
  ["another origin: https", { headers: [`Origin: https://127.0.0.1:${open.port}`] }, 403],
  [
    "another origin: a longer name",
    { headers: [`Origin: http://127.0.0.1:${open.port}.evil.example`] },
    403,
  ],
  [
    "another site: an image's request",
    { headers: ["Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: no-cors"] },
    403,
  ],
  ["another site: of the same machine", { headers: ["Sec-Fetch-Site: same-site"] }, 403],
  [
    "another site: listens to the stream",
    { path: "/api/events", headers: ["Sec-Fetch-Site: cross-site"] },
    403,
  ],
  [
    "another site: loads a script of ours",
    { path: "/licences.txt", headers: ["Sec-Fetch-Site: cross-site"] },
    403,
  ],
  [
    "another site: asks before it commands",
    { method: "OPTIONS", headers: ["Origin: http://evil.example"] },
    403,
  ],
  ["no token", { to: "locked" }, 401],
  ["no token: the page", { to: "locked", path: "/" }, 401],
  ["no token: the stream", { to: "locked", path: "/api/events" }, 401],
  [
    "a wrong token in the address",
    { to: "locked", path: "/?token=a-token-of-enough-characterz" },
    401,
  ],
  ["a wrong token as a header", { to: "locked", headers: [`${bearer}x`] }, 401],
  ["an empty token as a header", { to: "locked", headers: ["Authorization: Bearer "] }, 401],
  [
    "a wrong token as a cookie",
    { to: "locked", headers: [`Cookie: fourstroke-${locked.port}=`] },
    401,
  ],
  [
    "the token as another port's cookie",
    { to: "locked", headers: [`Cookie: fourstroke-1=${token}`] },
    401,
  ],
  ["the token in the address of the API", { to: "locked", path: `/api/flows?token=${token}` }, 401],
  [
    "a token, from another origin",
    { to: "locked", headers: [bearer, "Origin: http://evil.example"] },
    403,
  ],
  ["a token, under another name", { to: "locked", host: "evil.example", headers: [bearer] }, 421],
  [
    "the entry, under another name",
    { to: "locked", host: "evil.example", path: `/?token=${token}` },
    421,
  ],
  ["a command without a token", { ...commands, headers: [json, ours] }, 401],
  [
    "a command as a form",
    { ...commands, headers: [bearer, "Content-Type: application/x-www-form-urlencoded", ours] },
    415,
  ],
  [
    "a command as plain text",
    { ...commands, headers: [bearer, "Content-Type: text/plain", ours] },
    415,
  ],
  ["a command without our header", { ...commands, headers: [bearer, json] }, 415],
  [
    "a command from another origin",
    { ...commands, headers: [bearer, json, ours, "Origin: http://evil.example"] },
    403,
  ],
  ["a command by GET", { ...commands, method: "GET", body: "", headers: [bearer] }, 405],
  ["a command that is no JSON", { ...commands, body: "{", headers: [bearer, json, ours] }, 400],
  [
    "a command that is too long",
    { ...commands, body: `"${"x".repeat(5_000)}"`, headers: [bearer, json, ours] },
    413,
  ],
  [
    "a command where edits are off",
    { method: "POST", path: "/api/command?id=job", body: '{"kind":"kill"}', headers: [json, ours] },
    403,
  ],
  ["a write to the API", { method: "DELETE" }, 405],
  ["a write to a file", { method: "PUT", path: "/licences.txt", body: "x" }, 405],
  ["traversal", { path: "/../server.js" }, 404],
  ["traversal: many levels", { path: "/../../../../../../etc/passwd" }, 404],
  ["traversal: encoded", { path: "/..%2f..%2fserver.js" }, 404],
  ["traversal: encoded dots", { path: "/%2e%2e/server.js" }, 404],
  ["traversal: encoded twice", { path: "/%252e%252e%252fserver.js" }, 404],
  ["traversal: backslashes", { path: "/..\\server.js" }, 404],
  ["traversal: a null byte", { path: "/index.html%00.js" }, 404],
  ["traversal: an absolute path", { path: "//etc/passwd" }, 404],
  ["traversal: behind assets", { path: "/assets/../../api.js" }, 404],
  ["traversal: a name of an object's prototype", { path: "/__proto__" }, 404],
  ["a flow called like a file", { path: "/api/records?id=..%2F..%2Fetc%2Fpasswd" }, 404],
  ["a long address", { path: `/api/flows?text=${"x".repeat(4_000)}` }, 414],
  ["an address that can't be decoded", { path: "/api/records?id=%ff%fe%zz" }, 404],
  ["large headers", { headers: [`X-Large: ${"x".repeat(64 * 1024)}`] }, 431],
  ["many headers", { headers: Array.from({ length: 3_000 }, (_, at) => `X-${at}: y`) }, 431],
  ["a limit that is too large", { path: "/api/flows?limit=100000" }, 400],
  [
    "smuggling: two lengths",
    { method: "POST", headers: ["Content-Length: 5", "Transfer-Encoding: chunked"] },
    400,
  ],
  ["no HTTP", { method: "\u0016\u0003\u0001" }, 400],
];

for (const [name, attack, status] of attacks) {
  t.test(name, async (t) => {
    const answer = await request(attack);
    t.equal(statusOf(answer), status, answer.slice(0, 40));
    t.notMatch(answer, /create|"flows":\[|root:/, "nothing is told");
    t.notMatch(answer, /access-control-allow/i, "and nobody else is let in");
  });
}

t.test("no command got through", async (t) => {
  t.strictSame((await board.get("job"))?.commands, []);
});

t.test("the same requests without what is wrong with them are answered", async (t) => {
  t.equal(statusOf(await request({})), 200);
  t.equal(
    statusOf(
      await request({
        headers: [`Origin: http://127.0.0.1:${open.port}`, "Sec-Fetch-Site: same-origin"],
      }),
    ),
    200,
  );
  t.equal(statusOf(await request({ host: `localhost:${open.port}` })), 200);
  t.equal(statusOf(await request({ host: `[::1]:${open.port}` })), 200);
  t.equal(
    statusOf(
      await request({
        path: "/",
        headers: ["Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate"],
      }),
    ),
    200,
    "a link may lead here",
  );
  t.equal(statusOf(await request({ to: "locked", headers: [bearer] })), 200);
  const entry = await request({ to: "locked", path: `/?token=${token}` });
  t.equal(statusOf(entry), 303);
  const cookie =
    /set-cookie: ([^;\r]+); HttpOnly; SameSite=Strict; Path=\//i.exec(entry)?.[1] ?? "";
  t.equal(statusOf(await request({ to: "locked", headers: [`Cookie: other=1; ${cookie}`] })), 200);
});

t.test("every answer forbids frames, foreign scripts and guesses at types", async (t) => {
  for (const path of ["/", "/licences.txt", "/api/about", "/nowhere"]) {
    const answer = await request({ path });
    t.match(answer, /content-security-policy: default-src 'none'; script-src 'self'/i, path);
    t.match(answer, /frame-ancestors 'none'/, path);
    t.match(answer, /x-content-type-options: nosniff/i, path);
    t.notMatch(answer, /unsafe-inline|unsafe-eval/, path);
  }
});

t.test("an address that isn't this machine's own needs a token", async (t) => {
  const wide = await serve({ journal, host: "0.0.0.0" });
  t.teardown(() => wide.close());
  t.match(wide.url, /\?token=[\w-]{32}$/);
  t.equal(
    statusOf(
      await send(wide.port, `GET /api/flows HTTP/1.1\r\nHost: 127.0.0.1:${wide.port}\r\n\r\n`),
    ),
    401,
  );
  await t.rejects(serve({ journal, token: "short" }), { code: "INVALID_OPTION" });
});

t.test("a page that reads nothing is let go, and holds nobody up", async (t) => {
  const busy = memoryJournal();
  const slow = await serve({ journal: busy, patienceMs: 100, lookMs: 5 });
  t.teardown(() => slow.close());
  const socket = connect(slow.port, "127.0.0.1");
  const closed = new Promise((resolve) => socket.on("close", resolve));
  socket.on("error", () => undefined);
  socket.write(`GET /api/events HTTP/1.1\r\nHost: 127.0.0.1:${slow.port}\r\n\r\n`);
  socket.pause();
  const flow = linear(
    "a-name-that-fills-buffers-".repeat(30),
    task({ name: "a", execute: () => 1 }),
  );
  for (let at = 0; !socket.closed && at < 20_000; at++) {
    await run(flow, { id: `${at}-${"x".repeat(700)}`, journal: busy });
    if (at % 50 === 0) {
      t.equal((await fetch(`${slow.url}api/about`)).status, 200);
      // Only one who reads hears that it was cut off.
      if (at >= 2_000) socket.resume();
    }
  }
  socket.destroy();
  await closed;
  t.pass("it was let go");
});

t.test("a request that comes drop by drop is cut", { timeout: 60_000 }, async (t) => {
  const socket = connect(open.port, "127.0.0.1");
  const closed = new Promise((resolve) => socket.on("close", resolve));
  socket.on("error", () => undefined);
  socket.resume();
  socket.write("GET / HTTP/1.1\r\n");
  const drops = setInterval(() => socket.write("X-Drop: x\r\n"), 200);
  await closed;
  clearInterval(drops);
  t.pass("it was cut");
});

t.test("so many pages and no more may listen", async (t) => {
  const crowded = await serve({ journal });
  t.teardown(() => crowded.close());
  const control = new AbortController();
  const listen = () => fetch(`${crowded.url}api/events`, { signal: control.signal });
  const answers = await Promise.all(Array.from({ length: 64 }, listen));
  t.ok(answers.every(({ status }) => status === 200));
  t.equal((await listen()).status, 503);
  control.abort();
});
