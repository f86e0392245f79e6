/** Where the work is done: on the caller's thread, or on one that may wait for the disk. */
import { Worker } from "node:worker_threads";
import { FlowError } from "../../errors.ts";
import { wrap } from "./parcel.ts";
import type { StoreOptions } from "./schema.ts";
import type { Reply, Request, Work } from "./work.ts";

export interface Lane {
  /** One request at a time. */
  ask(request: Request): Reply | Promise<Reply>;
  close(): void | Promise<void>;
}

/** For commits that don't wait for the disk: a call of some microseconds. */
export class LocalLane implements Lane {
  private readonly work: Work;

  constructor(work: Work) {
    this.work = work;
  }

  ask(request: Request): Reply {
    return this.work.answer(request);
  }

  close(): void {
    // The connection is the reader's too, and closed with it.
  }
}

interface Asked {
  readonly resolve: (reply: Reply) => void;
  readonly reject: (error: Error) => void;
}

/** For commits that wait for the disk: the event loop goes on meanwhile. */
export class ThreadLane implements Lane {
  private readonly worker: Worker;
  private asked: Asked | undefined;
  private ended: FlowError<"JOURNAL_UNAVAILABLE"> | undefined;

  constructor(options: StoreOptions) {
    const extension = import.meta.url.slice(import.meta.url.lastIndexOf("."));
    this.worker = new Worker(new URL(`./thread${extension}`, import.meta.url), {
      workerData: options,
      name: "fourstroke-journal",
    });
    // Only while something is asked does it keep the process alive.
    this.worker.unref();
    this.worker.on("message", (reply: Reply) => {
      this.worker.unref();
      const { asked } = this;
      this.asked = undefined;
      asked?.resolve(reply);
    });
    this.worker.on("error", (error) => this.end(`its thread failed: ${String(error)}`));
    this.worker.on("exit", () => this.end("its thread has ended"));
  }

  ask(request: Request): Promise<Reply> {
    return new Promise((resolve, reject) => {
      if (this.ended !== undefined) throw this.ended;
      this.asked = { resolve, reject };
      this.worker.ref();
      const { message, transfer } = wrap(request);
      this.worker.postMessage(message, transfer);
    });
  }

  async close(): Promise<void> {
    if (this.ended !== undefined) return;
    const exited = new Promise((resolve) => this.worker.once("exit", resolve));
    this.worker.ref();
    this.worker.postMessage(undefined);
    await exited;
  }

  private end(problem: string): void {
    this.ended ??= new FlowError("JOURNAL_UNAVAILABLE", { problem });
    this.asked?.reject(this.ended);
    this.asked = undefined;
  }
}
