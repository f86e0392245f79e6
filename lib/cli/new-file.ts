/** Writes a file that has its name only once it is whole. */
import { open, rename, rm } from "node:fs/promises";
import { CliError } from "./exit.ts";

type Handle = Awaited<ReturnType<typeof open>>;

export class NewFile {
  written = 0;
  readonly #path: string;
  readonly #begun: string;
  readonly #handle: Handle;
  #isWhole = false;

  private constructor(path: string, begun: string, handle: Handle) {
    this.#path = path;
    this.#begun = begun;
    this.#handle = handle;
  }

  /** @throws CliError `USAGE` when it can't be made */
  static async begin(path: string): Promise<NewFile> {
    const begun = `${path}.${process.pid}.part`;
    try {
      return new NewFile(path, begun, await open(begun, "w"));
    } catch (error) {
      throw unwritten(path, error);
    }
  }

  async write(bytes: Uint8Array): Promise<void> {
    try {
      await this.#handle.writeFile(bytes);
    } catch (error) {
      throw unwritten(this.#path, error);
    }
    this.written += bytes.length;
  }

  async end(): Promise<void> {
    try {
      await this.#handle.sync();
      await rename(this.#begun, this.#path);
    } catch (error) {
      throw unwritten(this.#path, error);
    }
    this.#isWhole = true;
  }

  async close(): Promise<void> {
    await this.#handle.close();
    if (!this.#isWhole) await rm(this.#begun, { force: true });
  }
}

function unwritten(path: string, error: unknown): CliError {
  const { code = "unknown error" } = error as NodeJS.ErrnoException;
  return new CliError("USAGE", `--out: can't write ${path} (${code})`, { option: "out" });
}
