/** Does `work` for 0 to `count` - 1, at most so many at once; stops beginning more when one fails. */
export async function each(
  count: number,
  atOnce: number,
  work: (index: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const one = async (): Promise<void> => {
    while (next < count) await work(next++);
  };
  try {
    await Promise.all(Array.from({ length: Math.min(atOnce, count) }, one));
  } finally {
    next = count;
  }
}
