import type { StandardSchemaV1 } from "@standard-schema/spec";
import t from "tap";
import { z } from "zod";
import { FlowError } from "../../lib/errors.ts";
import { checkInputs } from "../../lib/schema.ts";
import { taskWith } from "./loose.ts";

/** A schema by hand: what `validate` says. */
const schemaOf = (validate: StandardSchemaV1.Props["validate"]): StandardSchemaV1 => ({
  "~standard": { version: 1, vendor: "test", validate },
});

const refusal = async (checked: unknown): Promise<string> => {
  try {
    await checked;
    return "accepted";
  } catch (error) {
    return FlowError.is(error, "INPUT_REFUSED") ? error.message : String(error);
  }
};

t.test("without schemas the inputs are passed as they are, at once", async (t) => {
  const values = { x: 1 };
  const { inputs } = taskWith({ requires: ["x"], optional: ["y"] });
  t.equal(checkInputs("a", inputs, values), values);
});

t.test("an input becomes what its schema makes of it", async (t) => {
  const { inputs, problems } = taskWith({
    requires: { size: z.coerce.number(), name: z.string().trim() },
    optional: { tags: z.array(z.string()).default([]) },
  });
  t.strictSame(problems, []);
  const values = { size: "3", name: " x " };
  t.strictSame(
    await checkInputs("a", inputs, values),
    { size: 3, name: "x" },
    "an absent optional input stays absent: its schema is not asked",
  );
  t.strictSame(values, { size: "3", name: " x " }, "what others see too is not changed");
  t.strictSame(await checkInputs("a", inputs, { ...values, tags: ["q"] }), {
    size: 3,
    name: "x",
    tags: ["q"],
  });
});

t.test("an input that its schema refuses is told with atom, parameter and path", async (t) => {
  const { inputs } = taskWith({
    requires: { servers: z.array(z.object({ "host.name": z.string() })) },
  });
  t.equal(
    await refusal(checkInputs("allocate", inputs, { servers: [{ "host.name": 3 }] })),
    'input "servers" of "allocate": at [0].host.name: Invalid input: expected string, received number',
  );
});

t.test("the first refused parameter is told, however slow its schema is", async (t) => {
  const slow = schemaOf(async () => {
    await Promise.resolve();
    return { issues: [{ message: "too slow" }] };
  });
  const fast = schemaOf(() => ({ issues: [{ message: "too fast" }] }));
  const { inputs } = taskWith({ requires: { slow, fast } });
  t.equal(
    await refusal(checkInputs("a", inputs, { slow: 1, fast: 2 })),
    'input "slow" of "a": too slow',
  );
});

t.test("of many issues a few are told", async (t) => {
  const issues = Array.from({ length: 8 }, (_, index) => ({
    message: `wrong ${String(index)}`,
    path: index === 0 ? [] : ["list", { key: index }],
  }));
  const { inputs } = taskWith({ requires: { x: schemaOf(() => ({ issues })) } });
  t.equal(
    await refusal(checkInputs("a", inputs, { x: 1 })),
    'input "x" of "a": wrong 0; at .list[1]: wrong 1; at .list[2]: wrong 2; ' +
      "at .list[3]: wrong 3; at .list[4]: wrong 4; and 3 more",
  );
});

t.test("a schema that throws fails the check with its own error", async (t) => {
  const { inputs } = taskWith({
    requires: {
      x: schemaOf(() => {
        throw new TypeError("no schema today");
      }),
    },
  });
  await t.rejects(async () => checkInputs("a", inputs, { x: 1 }), { message: "no schema today" });
});

t.test("a schema may be a function", async (t) => {
  const callable = Object.assign(
    () => null,
    schemaOf(() => ({ value: "made" })),
  );
  const { inputs, problems } = taskWith({ requires: { x: callable } });
  t.strictSame(problems, []);
  t.strictSame(await checkInputs("a", inputs, { x: 1 }), { x: "made" });
});
