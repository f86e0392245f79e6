/**
 * Who may ask: the page that this server gave out, opened by whoever has the token where one is needed.
 *
 * Other sites that run in the same browser are kept out by Host (a name of theirs that leads here), Origin and
 * Sec-Fetch-Site (requests of theirs that come here), and a cookie that browsers don't send along with those.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { isIP } from "node:net";

export interface GuardOptions {
  /** What it listens on. */
  readonly host: string;
  readonly port: number;
  /** Undefined: none is needed. */
  readonly token: string | undefined;
}

/** An answer to a request that is not let in. */
export interface Refusal {
  readonly status: number;
  readonly code: string;
  readonly message: string;
}

export const isLoopback = (host: string): boolean =>
  host === "localhost" || host === "::1" || /^127(\.\d{1,3}){3}$/.test(host);

/** Longer ones are asked for by nobody's browser. */
const longestUrl = 2_048;

const refusals = {
  url: { status: 414, code: "URL_TOO_LONG", message: `more than ${longestUrl} characters` },
  host: { status: 421, code: "WRONG_HOST", message: "this server doesn't go by that name" },
  origin: { status: 403, code: "WRONG_ORIGIN", message: "another site may not ask" },
  token: {
    status: 401,
    code: "NO_TOKEN",
    message: "open the page with the address that was printed",
  },
} as const;

export class Guard {
  readonly #options: GuardOptions;
  readonly #names: ReadonlySet<string>;
  readonly #cookie: string;

  constructor(options: GuardOptions) {
    this.#options = options;
    const { host, port } = options;
    const own = isIP(host) === 6 ? `[${host}]` : host;
    const names = isLoopback(host) ? ["127.0.0.1", "localhost", "[::1]", own] : [own];
    // Browsers leave the usual port out.
    this.#names = new Set(
      names.flatMap((name) => [`${name}:${port}`, ...(port === 80 ? [name] : [])]),
    );
    this.#cookie = `fourstroke-${port}`;
  }

  /** Why the request is not let in; undefined: it is. */
  refuses(request: IncomingMessage, isPage: boolean): Refusal | undefined {
    const { url = "", headers } = request;
    if (url.length > longestUrl) return refusals.url;
    const host = headers.host?.toLowerCase() ?? "";
    if (!this.#knows(host)) return refusals.host;
    const { origin } = headers;
    if (origin !== undefined && origin !== `http://${host}`) return refusals.origin;
    const site = headers["sec-fetch-site"];
    // A link on another site may lead to the page, which shows nothing by itself.
    const isForeign = site === "cross-site" || site === "same-site";
    if (isForeign && !(isPage && headers["sec-fetch-mode"] === "navigate")) return refusals.origin;
    return this.#hasToken(request) ? undefined : refusals.token;
  }

  /** Whether the text is the token; false where none is needed. */
  accepts(text: string | null): boolean {
    const { token } = this.#options;
    return token !== undefined && text !== null && isSame(text, token);
  }

  /** What the browser is to keep, so that the address need not hold the token. */
  get cookie(): string {
    return `${this.#cookie}=${this.#options.token ?? ""}; HttpOnly; SameSite=Strict; Path=/`;
  }

  /** Bound to every address of the machine, it is reached by any of them, but by no name. */
  #knows(host: string): boolean {
    if (this.#names.has(host)) return true;
    const { host: own, port } = this.#options;
    if (own !== "0.0.0.0" && own !== "::") return false;
    const name = host.endsWith(`:${port}`) ? host.slice(0, -`:${port}`.length) : host;
    return isIP(name.replace(/^\[(.*)\]$/, "$1")) !== 0 || name === "localhost";
  }

  #hasToken({ headers }: IncomingMessage): boolean {
    if (this.#options.token === undefined) return true;
    const bearer = /^Bearer (.+)$/.exec(headers.authorization ?? "")?.[1];
    if (this.accepts(bearer ?? null)) return true;
    const cookies = (headers.cookie ?? "").split("; ");
    return cookies.some((cookie) => {
      const at = cookie.indexOf("=");
      return cookie.slice(0, at) === this.#cookie && this.accepts(cookie.slice(at + 1));
    });
  }
}

const digest = (text: string): Buffer => createHash("sha256").update(text).digest();

/** Takes as long for a near miss as for any other. */
const isSame = (one: string, other: string): boolean => timingSafeEqual(digest(one), digest(other));
