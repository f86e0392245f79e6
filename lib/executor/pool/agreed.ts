/** What a pool and its hosts say to each other, through the pool's switch as everything else. */
import type { Failure } from "../../failure.ts";
import { addressOf } from "../../names.ts";
import type { LogLevel } from "../../types.ts";

/** Requests to the pool. */
export type ToPool =
  /** Answer: URLs of the modules to load. */
  | { readonly kind: "begin"; readonly host: string }
  /** Its worker takes calls. */
  | { readonly kind: "ready"; readonly host: string }
  /** It can't load its modules; `code` and `about` are those of the FlowError that says why. */
  | {
      readonly kind: "failed";
      readonly host: string;
      readonly code: string;
      readonly about: Readonly<Record<string, unknown>>;
      readonly failure: Failure;
    };

/** Request to a host: finish what runs. Answer: keys of what is left undone. */
export interface ToHost {
  readonly kind: "drain";
  readonly withinMs: number;
}

/** Published for the pool's log. */
export interface Said {
  readonly host: string;
  readonly message: string;
  readonly level: LogLevel;
  readonly fields: Readonly<Record<string, unknown>>;
}

export const poolAddress = addressOf("pool", "own");
export const logAddress = addressOf("pool", "log");
export const hostAddress = (id: string): string => addressOf("host", id);
