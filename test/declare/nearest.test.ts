import t from "tap";
import { nearest } from "../../lib/nearest.ts";

t.test("the guess is the closest candidate, if one is close", async (t) => {
  const cases: [string, readonly string[], string | undefined][] = [
    ["flavour", ["region", "flavor"], "flavor"],
    ["regoin", ["region", "flavor"], "region"],
    ["Region", ["region"], "region"],
    ["retyr", ["retry"], "retry"],
    ["abcd", ["badc"], undefined],
    ["ab", ["ba"], "ba"],
    ["id", ["ip"], "ip"],
    ["a", ["b"], undefined],
    ["a", ["bc"], undefined],
    ["ip", ["flavor"], undefined],
    ["region", ["region"], undefined],
    ["region", ["region", "regions"], "regions"],
    ["cat", ["bat", "hat"], "bat"],
    ["x".repeat(65), ["x".repeat(64)], undefined],
    ["x".repeat(64), ["x".repeat(65), "x".repeat(63)], "x".repeat(63)],
    ["", ["a"], undefined],
    ["x", [], undefined],
  ];
  for (const [name, candidates, expected] of cases) {
    t.equal(nearest(name, candidates), expected, name);
  }
});
