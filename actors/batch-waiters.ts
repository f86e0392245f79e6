/** Those who wait until a batch is durable. */
import type { FlowRecord, RecordKind } from "../lib/plan/records.ts";

export class BatchWaiters {
  #waiters: { readonly kind: RecordKind | undefined; readonly resolve: (came: boolean) => void }[] =
    [];

  /**
   * Settles with the next batch, or the next one that has such a record, or when there will be none.
   *
   * @returns whether it came
   */
  next(kind?: RecordKind): Promise<boolean> {
    return new Promise((resolve) => {
      this.#waiters.push({ kind, resolve });
    });
  }

  /** @param records - of the batch; undefined: there will be no other */
  tell(records?: readonly FlowRecord[]): void {
    if (this.#waiters.length === 0) return;
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiters) {
      const { kind, resolve } = waiter;
      const isMet = kind === undefined || records?.some((record) => record.kind === kind) !== false;
      if (isMet) resolve(records !== undefined);
      else this.#waiters.push(waiter);
    }
  }
}
