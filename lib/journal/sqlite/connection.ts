/** One connection to a file. */
import type { Database, Statement } from "./driver.ts";
import { type Layout, openTables, type StoreOptions } from "./schema.ts";

export class Connection {
  private readonly database: Database;
  private readonly statements = new Map<string, Statement>();

  /** @throws FlowError as `openTables` does */
  constructor(options: StoreOptions, layout?: Layout) {
    this.database = openTables(options, layout);
  }

  /** A statement, prepared once. */
  statement(sql: string): Statement {
    let statement = this.statements.get(sql);
    if (statement === undefined) {
      statement = this.database.prepare(sql);
      this.statements.set(sql, statement);
    }
    return statement;
  }

  /** Reads what is one moment's state, however many statements it takes. */
  reading<Result>(work: () => Result): Result {
    return this.transaction("BEGIN", work);
  }

  /** Changes everything that `work` changes, or nothing. Other processes wait meanwhile. */
  writing<Result>(work: () => Result): Result {
    return this.transaction("BEGIN IMMEDIATE", work);
  }

  close(): void {
    this.statements.clear();
    this.database.close();
  }

  private transaction<Result>(begin: string, work: () => Result): Result {
    // Not prepared: a BEGIN that has met a busy file stays half done in libsql, and no transaction
    // can be committed any more.
    this.database.exec(begin);
    try {
      const result = work();
      this.database.exec("COMMIT");
      return result;
    } catch (error) {
      this.rollBack();
      throw error;
    }
  }

  private rollBack(): void {
    try {
      this.database.exec("ROLLBACK");
    } catch {
      // SQLite has ended the transaction by itself, as it does when the disk is full.
    }
  }
}
