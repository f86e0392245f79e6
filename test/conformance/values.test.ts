import t from "tap";
import { add, element, equal, greater, multiply, subtract, text, truthy } from "./values.ts";

const equals = [
  [1, true, true, "a boolean is a number"],
  [0, false, true, "a boolean is a number"],
  [1, "1", false, "a text is no number"],
  [null, undefined, true, "what is not there is null"],
  [null, 0, false, "null is no number"],
  [[1, [2]], [true, [2]], true, "lists by content"],
  [[1, 2], [2, 1], false, "order counts"],
  [[1], [1, 1], false, "length counts"],
  [{ a: 1, b: [2] }, { b: [2], a: 1 }, true, "objects by content"],
  [{ a: null }, {}, false, "a key with null is a key"],
  [{ a: 1 }, { a: 1, b: 1 }, false, "keys count"],
  [[], {}, false, "a list is no object"],
] as const;

for (const [left, right, expected, because] of equals) {
  t.test(`${JSON.stringify(left)} and ${JSON.stringify(right)}: ${because}`, async (t) => {
    t.equal(equal(left, right), expected);
    t.equal(equal(right, left), expected);
  });
}

t.test("empty values, zero, false and null are not truthy", async (t) => {
  for (const value of [null, undefined, false, 0, "", [], {}]) t.notOk(truthy(value));
  for (const value of [true, -1, "0", [0], { a: null }]) t.ok(truthy(value));
});

t.test("texts are written as Python writes them", async (t) => {
  t.equal(text(null), "null");
  t.equal(text(true), "true");
  t.equal(text(12), "12");
  t.equal(text("it's"), "it's");
  t.equal(text([1, "a", null, true]), "[1, 'a', None, True]");
  t.equal(text({ a: { b: "it's" } }), `{'a': {'b': "it's"}}`);
});

t.test(
  "arithmetic takes numbers and booleans, and texts and lists where Python does",
  async (t) => {
    t.equal(add(1, true), 2);
    t.equal(add("a", "b"), "ab");
    t.same(add([1], [2]), [1, 2]);
    t.equal(subtract(1, 3), -2);
    t.equal(multiply("ab", 2), "abab");
    t.same(multiply(2, [1]), [1, 1]);
    t.throws(() => add(1, "a"), { name: "TypeError", message: "1 + 'a'" });
    t.throws(() => add(null, 1), { name: "TypeError", message: "None + 1" });
    t.throws(() => subtract("a", "b"), TypeError);
    t.throws(() => multiply("a", "b"), TypeError);
  },
);

t.test("numbers have an order, and texts, but not both together", async (t) => {
  t.ok(greater(2, true));
  t.notOk(greater(2, 2));
  t.ok(greater("b", "a"));
  t.throws(() => greater("a", 1), TypeError);
});

t.test("an element that isn't there is null", async (t) => {
  t.equal(element({ a: 1 }, "a"), 1);
  t.equal(element({ a: 1 }, "b"), null);
  t.equal(element({}, "constructor"), null, "what is inherited is no element");
  t.equal(element([1, 2], 1), 2);
  t.equal(element([1, 2], -1), 2, "from the end");
  t.equal(element([1, 2], 2), null);
  t.equal(element([1, 2], "0"), null, "a list has no names");
  t.equal(element(5, 0), null);
});
