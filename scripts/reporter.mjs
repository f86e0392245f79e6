/**
 * What `npm test` prints: a line for each test file, each failure with its place and difference,
 * and at the end `N passed, N failed, N skipped`. Counts assertions, each once however deep; the
 * counts also go to .tap/totals.json, for scripts.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { Transform } from "node:stream";
import { Parser } from "tap-parser";

/** Of a failure's details, those that a person reads. */
const shown = [
  "diff",
  "found",
  "wanted",
  "stack",
  "exitCode",
  "signal",
  "expired",
  "error",
  "source",
];

export default class Reporter extends Transform {
  #totals = { passed: 0, failed: 0, skipped: 0 };
  #parser = new Parser();

  constructor() {
    super();
    this.#watch(this.#parser, []);
  }

  _transform(chunk, _encoding, done) {
    this.#parser.write(chunk);
    done();
  }

  _flush(done) {
    this.#parser.end();
    const { passed, failed, skipped } = this.#totals;
    mkdirSync(".tap", { recursive: true });
    writeFileSync(".tap/totals.json", JSON.stringify(this.#totals));
    this.#say(`${passed} passed, ${failed} failed, ${skipped} skipped`);
    done();
  }

  #say(line) {
    this.push(`${line}\n`);
  }

  /** @param names of the subtests above, the file first */
  #watch(parser, names) {
    let failedBefore = 0;
    let child;
    parser.on("child", (started) => {
      child = started;
      failedBefore = this.#totals.failed;
      this.#watch(started, [...names, started.name]);
    });
    parser.on("assert", (result) => {
      // The line that ends a subtest counts only if it says more than those inside: a time-out, an
      // exit code.
      if (child === undefined) this.#count(result, names);
      else if (!result.ok && this.#totals.failed === failedBefore) this.#count(result, names);
      child = undefined;
      if (names.length === 0) {
        const file = result.diag?.expired ?? result.name; // a file that hangs is called "timeout!"
        const seconds = (Number(result.time ?? 0) / 1000).toFixed(1);
        this.#say(`${result.ok ? "ok    " : "NOT OK"}  ${file}  ${seconds} s`);
      }
    });
    parser.on("bailout", (why) => {
      if (names.length === 0) this.#count({ ok: false, name: `bailed out: ${why}` }, names);
    });
    parser.on("extra", (text) => {
      if (text.trim() !== "") this.push(text);
    });
  }

  #count(result, names) {
    if (result.skip || result.todo) {
      this.#totals.skipped++;
    } else if (result.ok) {
      this.#totals.passed++;
    } else {
      this.#totals.failed++;
      this.#tell(result, names);
    }
  }

  #tell({ name, diag }, names) {
    const at = diag?.at === undefined ? "" : ` (${diag.at.fileName}:${diag.at.lineNumber})`;
    this.#say(`failed: ${[...names, name].join(" > ")}${at}`);
    for (const key of shown) {
      const value = diag?.[key];
      if (value === undefined || value === null) continue;
      const text = typeof value === "string" ? value.trimEnd() : JSON.stringify(value, null, 2);
      this.#say(`  ${key}: ${text.includes("\n") ? `\n${text}` : text}`.replaceAll("\n", "\n    "));
    }
  }
}
