/** The two streams of the command line: who writes what where. */
import { type Paint, painter, wantsColours } from "./text.ts";

type Write = NodeJS.WriteStream["write"];

export class Output {
  readonly isJson: boolean;
  /** Lines can be taken back: a tree can be drawn in place. */
  readonly isScreen: boolean;
  readonly paint: Paint;
  readonly paintError: Paint;
  readonly #stdout: Write;
  readonly #stderr: Write;

  constructor(isJson: boolean) {
    const { stdout, stderr, env } = process;
    this.isJson = isJson;
    this.isScreen = !isJson && stdout.isTTY && env["TERM"] !== "dumb";
    this.paint = painter(!isJson && wantsColours(stdout, env));
    this.paintError = painter(!isJson && wantsColours(stderr, env));
    this.#stdout = stdout.write.bind(stdout);
    this.#stderr = stderr.write.bind(stderr);
    // Whoever reads may stop reading; the flow goes on.
    stdout.on("error", ignored);
    stderr.on("error", ignored);
    // One document and nothing else: what tasks print goes beside it.
    if (isJson) stdout.write = stderr.write.bind(stderr);
  }

  get columns(): number {
    return process.stdout.columns || 80;
  }

  get lines(): number {
    return process.stdout.rows || 24;
  }

  /** Past what a live tree does to `process.stdout`. */
  write(text: string): void {
    this.#stdout(text);
  }

  line(text = ""): void {
    process.stdout.write(`${text}\n`);
  }

  /** The one document of `--json`. */
  document(value: unknown): void {
    this.#stdout(`${JSON.stringify(value, undefined, 2)}\n`);
  }

  /** For people who look after it: beside what was asked for. */
  tell(text: string): void {
    process.stderr.write(`${text}\n`);
  }

  /** Waits until everything is written. */
  async flush(): Promise<void> {
    await new Promise<void>((resolve) =>
      this.#stdout("", () => {
        resolve();
      }),
    );
    await new Promise<void>((resolve) =>
      this.#stderr("", () => {
        resolve();
      }),
    );
  }
}

function ignored(): void {
  // EPIPE: nobody is there to be told.
}
