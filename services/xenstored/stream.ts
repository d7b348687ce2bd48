/** Port: a connected byte stream as the daemon serves it. Nothing here blocks. */

export interface Stream {
  /**
   * Copies what has come into `into`: how many bytes, 0 for nothing now, -1 once it ended or
   * broke.
   */
  read(into: Uint8Array): number;
  /** Takes some of the first `size` bytes of `bytes`: how many, -1 once it broke. */
  write(bytes: Uint8Array, size: number): number;
  /** What the owner wants to be told of; at first that there is something to read. */
  want(input: boolean, room: boolean): void;
  /** After this neither side calls the other. */
  close(): void;
}

/** What a stream tells its owner, again and again while it holds and is wanted. */
export interface StreamOwner {
  /** There is something to read, or the stream is over. */
  readable(): void;
  /** There is room to write. */
  writable(): void;
}
