/** Refs of the actors that live on this node itself: the same to hold as those of other nodes, without a link between. */
import type { EventObject, Snapshot } from "xstate";
import type { Clock } from "../lib/clock.ts";
import { FlowError } from "../lib/errors.ts";
import { type Asked, Waiting } from "../lib/transport/waiting.ts";
import { actorAddress, type NodeId } from "./frames.ts";
import type { Hosted } from "./host.ts";
import { type Line, PlacedRef, ReplyRef } from "./placed-ref.ts";
import type { System } from "./system.ts";

export interface HereOptions {
  readonly home: System;
  readonly far: System;
  readonly self: NodeId;
  readonly clock: Clock;
}

export class Here {
  readonly #options: HereOptions;
  readonly #refs = new Map<string, PlacedRef>();
  readonly #asked: Waiting<EventObject>;

  constructor(options: HereOptions) {
    this.#options = options;
    this.#asked = new Waiting(options.clock);
  }

  /** One for each actor. */
  ref(hosted: Hosted): PlacedRef {
    const known = this.#refs.get(hosted.name);
    if (known !== undefined) return known;
    const { home, far, self } = this.#options;
    const { name, snapshot, src } = hosted;
    const address = actorAddress(self, name);
    const line = this.#lineTo(hosted, address);
    const ref = new PlacedRef({ home, far, address, src, snapshot, line });
    if (snapshot.status !== "active") {
      ref.show(snapshot);
      return ref;
    }
    this.#refs.set(name, ref);
    hosted.look({
      shown: (shown) => {
        this.#show(ref, name, shown);
      },
      emitted: (event) => {
        ref.emit(event);
      },
    });
    return ref;
  }

  /** Nothing is answered any more. */
  close(): void {
    this.#asked.reject(new FlowError("TRANSPORT_CLOSED", { problem: "the node is closed" }));
  }

  #show(ref: PlacedRef, name: string, shown: Snapshot<unknown>): void {
    const isOver = shown.status !== "active";
    if (isOver) this.#refs.delete(name);
    ref.show(shown);
    if (!isOver) return;
    const error = new FlowError("NO_RECEIVER", { to: ref.address });
    this.#asked.reject(error, ({ to }) => to === ref.address);
  }

  #lineTo(hosted: Hosted, to: string): Line {
    const { home, far } = this.#options;
    return {
      send: (event) => {
        home._relay(undefined, hosted.actor, event);
      },
      ask: (event, timeoutMs) =>
        new Promise((resolve, reject) => {
          const asked: Asked<EventObject> = { to, bytes: 0, timeoutMs, resolve, reject };
          const id = this.#asked.add(asked);
          const replyTo = new ReplyRef(home, far, (answer) => {
            this.#asked.take(id)?.resolve(answer);
          });
          try {
            home._relay(undefined, hosted.actor, { ...event, replyTo } as EventObject);
          } catch (error) {
            this.#asked.take(id)?.reject(error as Error);
          }
        }),
      hear: () => {
        hosted.hear();
      },
      stop: () => {
        hosted.stop();
      },
    };
  }
}
