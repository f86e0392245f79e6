/** Takes as many bytes as are wanted from a stream that comes in pieces of any size. */
export class ByteQueue {
  readonly #source: AsyncIterator<Uint8Array, unknown>;
  #pieces: Buffer[] = [];
  #held = 0;
  /** How many bytes were taken. */
  offset = 0;

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** The next bytes; fewer when the stream ends before. */
  async take(wanted: number): Promise<Buffer> {
    while (this.#held < wanted) {
      const next = await this.#source.next();
      if (next.done === true) break;
      const { value } = next;
      this.#pieces.push(Buffer.from(value.buffer, value.byteOffset, value.byteLength));
      this.#held += value.byteLength;
    }
    const all = this.#pieces.length === 1 ? this.#pieces[0] : Buffer.concat(this.#pieces);
    const taken = (all ?? Buffer.alloc(0)).subarray(0, wanted);
    const rest = (all ?? Buffer.alloc(0)).subarray(taken.length);
    this.#pieces = rest.length === 0 ? [] : [rest];
    this.#held = rest.length;
    this.offset += taken.length;
    return taken;
  }

  /** Lets go of the stream. */
  async close(): Promise<void> {
    await this.#source.return?.();
  }
}
