/**
 * The one way from a name to a token of a subject, a key or a file name (I8). Injective: two names never get the same
 * token, and no token holds what NATS, SQLite or a file system gives a meaning.
 */

const safe = /^[A-Za-z0-9_-]+$/;

/** Letters, digits, `_` and `-` stay; every other UTF-16 unit becomes `=` and four hex digits; the empty name `=`. */
export function tokenOf(name: string): string {
  if (safe.test(name)) return name;
  if (name === "") return "=";
  return name.replace(/[^A-Za-z0-9_-]/gsu, (character) => {
    let token = "";
    for (let at = 0; at < character.length; at++) {
      token += `=${character.charCodeAt(at).toString(16).padStart(4, "0")}`;
    }
    return token;
  });
}

/** The name of a token. What `tokenOf` never makes gives some name or other, never an error. */
export function nameOf(token: string): string {
  if (token === "=") return "";
  return token.replace(/=([0-9a-f]{4})/g, (_, unit: string) =>
    String.fromCharCode(parseInt(unit, 16)),
  );
}

/** An address: tokens with dots between. */
export const addressOf = (...names: readonly string[]): string => names.map(tokenOf).join(".");
