/**
 * The log of the kernel's dm-log-writes: what reached a disk, in the order in which it was made
 * sure of (drivers/md/dm-log-writes.c @ v6.12). The first sector says how many entries there are
 * and how large a sector is; then come entries, each in a sector, with their data behind them.
 */

const MAGIC = 0x6a736677736872n;
const VERSION = 1n;

const FLUSH = 1;
const FUA = 2;
const DISCARD = 4;

/** Bytes of the log at an offset. */
export type ReadLog = (offset: number, bytes: number) => Uint8Array;

export interface Entry {
  /** Of the disk, in bytes. */
  readonly offset: number;
  readonly bytes: number;
  /** Everything before it is on the medium. */
  readonly isFlush: boolean;
  /** It is itself on the medium. */
  readonly isSure: boolean;
  readonly isDiscard: boolean;
  /** None for a discard, a flush or a mark. */
  readonly data: Uint8Array;
}

const wordAt = (bytes: Uint8Array, at: number): bigint =>
  new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(at, true);

/** Every entry, in the log's order. Fails for what is no such log. */
export function* entriesOf(read: ReadLog): Generator<Entry> {
  const head = read(0, 512);
  const [magic, version] = [wordAt(head, 0), wordAt(head, 8)];
  if (magic !== MAGIC || version !== VERSION) throw new Error(`no log: ${magic}, ${version}`);
  const count = Number(wordAt(head, 16));
  const sectorBytes = Number(wordAt(head, 24) & 0xffff_ffffn);
  let at = sectorBytes;
  for (let i = 0; i < count; i++) {
    const entry = read(at, 512);
    const [sector, sectors, flags, extra] = [0, 8, 16, 24].map((of) => Number(wordAt(entry, of)));
    const [offset, bytes] = [Number(sector) * sectorBytes, Number(sectors) * sectorBytes];
    const isDiscard = (Number(flags) & DISCARD) !== 0;
    at += sectorBytes;
    const data = isDiscard ? new Uint8Array(0) : read(at, bytes);
    // A mark has its name in the entry's own sector (log_one_block).
    if (Number(extra) > sectorBytes) throw new Error(`entry ${i} has ${extra} bytes of its own`);
    at += data.length;
    const isFlush = (Number(flags) & FLUSH) !== 0;
    const isSure = (Number(flags) & FUA) !== 0;
    yield { offset, bytes, isFlush, isSure, isDiscard, data };
  }
}

/** What an entry makes of a disk. */
export function apply(disk: Uint8Array, { offset, bytes, isDiscard, data }: Entry): void {
  if (isDiscard) disk.fill(0, offset, offset + bytes);
  else disk.set(data, offset);
}
