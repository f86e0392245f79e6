/** Milliseconds of processor time that this process has taken: a busy machine makes them no more. */
export function workedMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}
