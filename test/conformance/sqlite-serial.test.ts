import { casesFolder, foundFolder } from "./folder.ts";
import { testWhole } from "./whole.ts";

const setup = { engine: "serial", journal: "sqlite" } as const;

testWhole({ ...setup, folder: casesFolder, passed: 214, skipped: 77 });
testWhole({ ...setup, folder: foundFolder, passed: 6, skipped: 0 });
