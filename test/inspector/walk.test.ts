// Every screen of the page, on a live flow and on a failed one; hands.test.ts walks the same way on a cluster.
import t from "tap";
import { load, memoryJournal, run } from "../../lib/index.ts";
import { noBrowser } from "./browser.ts";
import { createServer } from "./flows.ts";
import { openPage } from "./open-page.ts";
import { serve } from "./serve.ts";
import { walk } from "./walk.ts";

t.setTimeout(120_000);

const ofBoot = {
  ...{ task: "boot", retry: "try-hosts", input: "create-disk-1", line: "asking the scheduler" },
  failure: "no host has enough memory",
  cause: "64 GiB asked",
  ...{ symbol: "flavour", value: "m8.large" },
};

t.test("every screen of a live flow and of a failed one", { skip: noBrowser }, async (t) => {
  const journal = memoryJournal();
  const store = { flavour: "m8.large" };
  const pace = { unitMs: 1, failures: 1 };
  const engine = load(createServer({ ...pace, bill: "hangs" }), {
    ...{ id: "live", journal, engine: "parallel", store },
  });
  const ended = engine.run().catch(() => undefined);
  await run(createServer({ ...pace, bill: "fails" }), {
    ...{ id: "failed", journal, engine: "parallel", store },
  }).catch(() => undefined);
  const inspector = await serve({ journal });
  t.teardown(() => inspector.close());
  const { page, faults } = await openPage(t);
  const { url } = inspector;
  await t.test("live", (t) =>
    walk(t, page, {
      ...{ ...ofBoot, url, id: "live", state: "RUNNING", taskState: "SUCCESS" },
      why: '"send-invoice" has been running',
    }),
  );
  await t.test("failed", (t) =>
    walk(t, page, {
      ...{ ...ofBoot, url, id: "failed", state: "REVERTED", taskState: "REVERTED" },
      input: "not there yet", // undone, too
      why: "the customer has no address",
    }),
  );
  engine.kill("enough");
  await ended;
  t.strictSame(faults, []);
});
