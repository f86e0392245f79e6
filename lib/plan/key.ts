/** The stable name of an attempt. */
import type { Direction } from "./records.ts";

export const keyOf = (flow: string, atom: string, direction: Direction, attempt: number): string =>
  `${flow}/${atom}/${direction}/${String(attempt)}`;
