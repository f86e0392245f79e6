/** Signals that ask a process to end: the first one kindly, the second one at once. */
import { CliError } from "./exit.ts";

export class Signals {
  #told: (signal: NodeJS.Signals) => void = () => undefined;

  constructor() {
    process.on("SIGINT", this.#take);
    process.on("SIGTERM", this.#take);
  }

  async next(): Promise<NodeJS.Signals> {
    return new Promise((resolve) => {
      this.#told = resolve;
    });
  }

  /** Rejects at the next signal. */
  async stopped(): Promise<never> {
    const signal = await this.next();
    const code = signal === "SIGINT" ? "INTERRUPTED" : "TERMINATED";
    throw new CliError(code, "stopped at once", { signal });
  }

  close(): void {
    process.off("SIGINT", this.#take);
    process.off("SIGTERM", this.#take);
  }

  readonly #take = (signal: NodeJS.Signals): void => {
    this.#told(signal);
  };
}
