/** Shells that know how to complete. */
export const shells = ["bash", "zsh", "fish"] as const;

export type Shell = (typeof shells)[number];
