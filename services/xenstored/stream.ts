/** Port: a connected byte stream as the daemon serves it. Nothing here blocks. */

export interface Stream {
  /** Copies what has come into `into`: how many bytes, 0 for nothing now, -1 once it ended or broke. */
  read(into: Uint8Array): number;
  /** Takes bytes of `bytes`, from its start: how many, -1 once it broke. */
  write(bytes: Uint8Array): number;
  /** Whether `writable` shall be called when there is room again. */
  wantRoom(wanted: boolean): void;
  /** After this neither side calls the other. */
  close(): void;
}

/** What a stream tells its owner. `readable` is called again while there is something to read. */
export interface StreamOwner {
  readable(): void;
  writable(): void;
}
