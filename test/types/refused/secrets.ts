// What is declared secret must be a symbol of it.
import { linear, retry, task } from "../../../lib/index.ts";

task({
  name: "a",
  requires: ["password"],
  provides: "token",
  // @ts-expect-error `"pasword"` is none of `"password"`
  secrets: ["pasword"],
  execute: ({ password }: { password: string }) => password,
});
retry({
  provides: "try",
  // @ts-expect-error `"seed"` is not `"try"`
  secrets: ["seed"],
  execute: () => 1,
  onFailure: () => "REVERT",
});
const login = task({
  name: "login",
  requires: ["password"],
  provides: "token",
  execute: ({ password }: { password: string }) => password,
});
// @ts-expect-error `"tokn" is no symbol that its items need or give`
linear("f", { secrets: ["tokn"] }, login);
