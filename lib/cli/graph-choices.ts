/** What `graph` can be asked for. Apart from what does it: every verb's start reads this. */
export const graphFormats = ["mermaid", "dot", "svg", "stately", "json"] as const;

/** The machines in actors/. */
export const machineNames = ["task", "retry", "flow"] as const;

export interface GraphOptions {
  readonly format: (typeof graphFormats)[number];
  readonly machine?: (typeof machineNames)[number];
}
