// Symbols that are taken, bound, injected or provided can be declared secret.
import { linear, task, times } from "../../../lib/index.ts";

const login = task({
  name: "login",
  requires: ["password", "user"],
  rebind: { password: "rootPassword" },
  inject: { user: "root" },
  provides: { keys: ["token", "until"] },
  secrets: ["rootPassword", "user", "token"],
  execute: ({ password, user }: { password: string; user: string }) => ({
    token: `${user}:${password}`,
    until: 1,
  }),
});

linear("f", { secrets: ["rootPassword", "token"], retry: times(2) }, login);
linear(
  "g",
  { secrets: ["round"], retry: times(2, { provides: "round", secrets: ["round"] }) },
  login,
);
