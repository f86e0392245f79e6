/** Forgets flows: by name, or those that ended long enough ago. */
import { FlowError } from "../../errors.ts";
import type { Connection } from "./connection.ts";
import { findHead, type Head, headColumns, headOf } from "./head.ts";

/** Ended flows that were not changed any more since some moment. */
export interface Purge {
  /** Epoch milliseconds: only flows whose last record was written before it. */
  readonly updatedBefore: number;
  /** Which ends count: some of the default, SUCCESS, REVERTED and FAILURE. */
  readonly states?: readonly string[];
}

const ends: readonly string[] = ["SUCCESS", "REVERTED", "FAILURE"];

/** How many flows one transaction forgets: others want to write in between. */
const flowsAtOnce = 100;

/** A flow's rows, from the last one backwards; never another flow's, whatever is stored. */
const dropChain = `DELETE FROM batches WHERE row IN (
  WITH RECURSIVE chain(row, previous) AS (
    SELECT row, previous FROM batches WHERE row = ? AND (flow = ? OR row = ?)
    UNION ALL
    SELECT batches.row, batches.previous FROM batches JOIN chain ON batches.row = chain.previous
    WHERE batches.row < chain.row AND (flow = ? OR batches.row = ?)
  ) SELECT row FROM chain)`;
/** The same where that way is damaged: looks at every row. */
const dropScattered = "DELETE FROM batches WHERE flow = ? OR row = ?";
const findBatch = "SELECT 1 AS found FROM batches WHERE row = ?";
const findNumber = "SELECT CAST(number AS REAL) AS number FROM flows WHERE id = ?";
const dropBlobs = `DELETE FROM blobs WHERE number IN (SELECT blob FROM uses WHERE flow = ?)
  AND NOT EXISTS (SELECT 1 FROM uses WHERE uses.blob = blobs.number AND uses.flow <> ?)`;
const dropUses = "DELETE FROM uses WHERE flow = ?";
const dropFlow = "DELETE FROM flows WHERE number = ?";
const findOld = `SELECT ${headColumns} FROM flows WHERE number > ? AND updated_at < ?
  AND state IN (SELECT value FROM json_each(?)) ORDER BY number LIMIT ?`;

export class Remover {
  private readonly connection: Connection;

  constructor(connection: Connection) {
    this.connection = connection;
  }

  /** @returns the flow, which is forgotten whether it was there or not */
  remove(flow: string): string[] {
    this.connection.writing(() => {
      const head = this.headOf(flow);
      if (head !== undefined) this.drop(head);
      // A flow whose row is lost has at least these.
      else this.dropBeside(flow);
    });
    return [flow];
  }

  /** @returns the flows that were forgotten */
  purge({ updatedBefore, states = ends }: Purge): string[] {
    const forgotten: string[] = [];
    for (let number = 0; ; ) {
      const heads = this.connection.writing(() => {
        const rows = this.connection
          .statement(findOld)
          .all(number, updatedBefore, JSON.stringify(states), flowsAtOnce)
          .map(headOf);
        // What is damaged is for a person to look at.
        for (const { head, isWhole } of rows) if (isWhole) this.drop(head);
        return rows;
      });
      for (const { head, isWhole } of heads) if (isWhole) forgotten.push(head.id);
      const last = heads.at(-1);
      if (last === undefined || heads.length < flowsAtOnce) return forgotten;
      number = last.head.number;
    }
  }

  /** What is needed to drop a flow; of a damaged one only its number. */
  private headOf(flow: string): Pick<Head, "id" | "number" | "last"> | undefined {
    try {
      return findHead(this.connection, flow);
    } catch (error) {
      if (!FlowError.is(error, "JOURNAL_DAMAGED")) throw error;
      const number = this.connection.statement(findNumber).get(flow)?.["number"];
      return typeof number === "number" ? { id: flow, number, last: 0 } : undefined;
    }
  }

  private drop({ id, number, last }: Pick<Head, "id" | "number" | "last">): void {
    const { connection } = this;
    connection.statement(dropChain).run(last, number, number, number, number);
    if (connection.statement(findBatch).get(number) !== undefined) {
      connection.statement(dropScattered).run(number, number);
    }
    connection.statement(dropFlow).run(number);
    this.dropBeside(id);
  }

  private dropBeside(flow: string): void {
    this.connection.statement(dropBlobs).run(flow, flow);
    this.connection.statement(dropUses).run(flow);
  }
}

/** @throws FlowError `INVALID_OPTION` for a state that is no end: such flows may go on */
export function endsIn(states: readonly string[] = ends): readonly string[] {
  for (const state of states) {
    if (ends.includes(state)) continue;
    const problem = `"${state}" is none of ${ends.join(", ")}`;
    throw new FlowError("INVALID_OPTION", { option: "states", problem });
  }
  return states;
}
