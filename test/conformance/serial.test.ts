import { testWhole } from "./whole.ts";

testWhole("serial", "memory", { skipped: 77 });
testWhole("serial", "sqlite", { skipped: 77 });
