import t from "tap";
import { hostFlags } from "../../lib/executor/pool/flags.ts";

const cases: readonly (readonly [readonly string[], readonly string[], string])[] = [
  [["--import", "./hooks.mjs"], ["--import", "./hooks.mjs"], "modules load as they do here"],
  [["--import=./hooks.mjs"], ["--import=./hooks.mjs"], "the same in one word"],
  [["-r", "a.cjs", "-C", "dev"], ["-r", "a.cjs", "-C", "dev"], "short names"],
  [["--no-warnings"], ["--no-warnings"], "what is warned of here"],
  [["--inspect-brk=9229", "--watch"], [], "what is debugged and watched is this process"],
  [["--input-type=module", "--eval", "const secret = 1"], [], "the code it evaluates is its own"],
  [["--eval", "--no-warnings"], ["--no-warnings"], "a text that looks like an option does no harm"],
  [["--env-file=.env", "--max-old-space-size=4096"], [], "it has its environment, and own limits"],
  [["--import"], [], "an option without its value"],
];

for (const [given, flags, because] of cases) {
  t.test(`${given.join(" ")}: ${because}`, async (t) => {
    t.strictSame(hostFlags(given), flags);
  });
}
