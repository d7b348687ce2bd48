// Writes cpio archives of the "newc" kind, the format of a Linux initramfs.
// Source: Documentation/driver-api/early-userspace/buffer-format.rst of Linux.

/** One entry; `data` is a file's bytes or a link's target. */
export interface CpioEntry {
  readonly path: string;
  /** File type and permissions, as in st_mode. */
  readonly mode: number;
  readonly data?: Uint8Array;
  /** Device number of a character device. */
  readonly device?: readonly [major: number, minor: number];
}

const typeDirectory = 0o040000;
const typeFile = 0o100000;
const typeLink = 0o120000;
const typeCharacter = 0o020000;

export const directory = (path: string, mode = 0o755): CpioEntry => ({
  path,
  mode: typeDirectory | mode,
});
export const file = (path: string, data: Uint8Array | string, mode = 0o644): CpioEntry => ({
  path,
  mode: typeFile | mode,
  data: typeof data === 'string' ? new TextEncoder().encode(data) : data,
});
export const symlink = (path: string, target: string): CpioEntry => ({
  path,
  mode: typeLink | 0o777,
  data: new TextEncoder().encode(target),
});
export const character = (path: string, major: number, minor: number): CpioEntry => ({
  path,
  mode: typeCharacter | 0o600,
  device: [major, minor],
});

const padded = (length: number): number => (length + 3) & ~3;

const header = (entry: CpioEntry, inode: number, nameBytes: number): string => {
  const fields = [inode, entry.mode, 0, 0, 1, 0, entry.data?.length ?? 0, 0, 0];
  fields.push(...(entry.device ?? [0, 0]), nameBytes, 0);
  return `070701${fields.map((value) => value.toString(16).padStart(8, '0')).join('')}`;
};

/** The directories that the entries' paths need, outermost first. */
const parents = (entries: readonly CpioEntry[]): string[] => {
  const found = new Set<string>();
  for (const { path } of entries) {
    const parts = path.split('/').slice(0, -1);
    for (let i = 1; i <= parts.length; i++) found.add(parts.slice(0, i).join('/'));
  }
  for (const { path } of entries) found.delete(path);
  return [...found];
};

/** An archive of the entries; missing parent directories are added in front. */
export const cpio = (given: readonly CpioEntry[]): Uint8Array => {
  const entries = [...parents(given).map((path) => directory(path)), ...given];
  const encoder = new TextEncoder();
  const chunks: Uint8Array[] = [];
  const put = (bytes: Uint8Array, length: number): void => {
    const chunk = new Uint8Array(length);
    chunk.set(bytes);
    chunks.push(chunk);
  };
  [...entries, { path: 'TRAILER!!!', mode: 0 }].forEach((entry, index) => {
    const name = encoder.encode(`${entry.path}\0`);
    const head = encoder.encode(header(entry, index + 1, name.length));
    const both = new Uint8Array(head.length + name.length);
    both.set(head);
    both.set(name, head.length);
    put(both, padded(both.length));
    if (entry.data) put(entry.data, padded(entry.data.length));
  });
  const total = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  const archive = new Uint8Array(total);
  let at = 0;
  for (const chunk of chunks) {
    archive.set(chunk, at);
    at += chunk.length;
  }
  return archive;
};
