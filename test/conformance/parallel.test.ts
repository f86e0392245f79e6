import { testWhole } from "./whole.ts";

testWhole("parallel", "memory", { skipped: 17 });
testWhole("parallel", "memory", { seed: 1, skipped: 17 });
testWhole("parallel", "sqlite", { skipped: 17 });
