/** Machines as text that Stately's editor imports: a `createMachine` call. */

/** @param config - of a machine; what is no data in it is left out */
export function printStately(config: object): string {
  return `createMachine(${JSON.stringify(config, undefined, 2)});\n`;
}
