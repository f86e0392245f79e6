/** Everything that changes a journal's file, asked for and answered as plain data. */
import type { Connection } from "./connection.ts";
import { type Refusal, refusalOf } from "./faults.ts";
import { type Purge, Remover } from "./remover.ts";
import { type Entry, type Verdict, Writer } from "./writer.ts";

export type Request =
  | { readonly kind: "commit"; readonly entries: readonly Entry[] }
  | { readonly kind: "remove"; readonly flow: string }
  | { readonly kind: "purge"; readonly purge: Purge };

export type Reply =
  | { readonly verdicts: readonly Verdict[] }
  /** How many flows were forgotten. */
  | { readonly forgotten: number }
  | { readonly refusal: Refusal };

/** Does what is asked, on the thread it is called on. */
export class Work {
  private readonly connection: Connection;
  private readonly writer: Writer;
  private readonly remover: Remover;

  constructor(connection: Connection) {
    this.connection = connection;
    this.writer = new Writer(connection);
    this.remover = new Remover(connection);
  }

  /** @throws whatever is no problem of SQLite's */
  answer(request: Request): Reply {
    if (request.kind === "commit") return { verdicts: this.writer.commit(request.entries) };
    try {
      const forgotten =
        request.kind === "remove"
          ? this.remover.remove(request.flow)
          : this.remover.purge(request.purge);
      for (const flow of forgotten) this.writer.forget(flow);
      return { forgotten: forgotten.length };
    } catch (error) {
      return { refusal: refusalOf(error, 0) };
    }
  }

  close(): void {
    this.connection.close();
  }
}
