// Our cpio archives, read back by rules of the format that the writer does not share.
import { expect, it } from 'vitest';
import { character, cpio, directory, file, symlink } from './cpio.ts';

interface Read {
  path: string;
  mode: string;
  inode: number;
  device: [number, number];
  data: string;
}

/** A reader by offsets of the format's own description: 13 fields of 8 hexadecimal digits. */
const read = (archive: Uint8Array): Read[] => {
  const text = Buffer.from(archive).toString('latin1');
  const found: Read[] = [];
  for (let at = 0; ; ) {
    expect(text.slice(at, at + 6)).toBe('070701');
    const field = (index: number): number =>
      Number.parseInt(text.substr(at + 6 + 8 * index, 8), 16);
    const [size, nameSize] = [field(6), field(11)];
    const name = text.substr(at + 110, nameSize - 1);
    expect(text.charCodeAt(at + 110 + nameSize - 1)).toBe(0);
    const dataAt = Math.ceil((at + 110 + nameSize) / 4) * 4;
    if (name === 'TRAILER!!!') return found;
    found.push({
      path: name,
      mode: field(1).toString(8),
      inode: field(0),
      device: [field(9), field(10)],
      data: text.substr(dataAt, size),
    });
    at = Math.ceil((dataAt + size) / 4) * 4;
  }
};

it('keeps kinds, permissions, contents and devices, and adds missing directories in front', () => {
  const entries = read(
    cpio([
      directory('tmp', 0o777),
      file('a/b/tool', 'odd', 0o755),
      file('a/empty', ''),
      symlink('a/link', 'b/tool'),
      character('dev/console', 5, 1),
    ]),
  );
  expect(entries.map(({ path, mode, data }) => [path, mode, data])).toEqual([
    ['a', '40755', ''],
    ['a/b', '40755', ''],
    ['dev', '40755', ''],
    ['tmp', '40777', ''],
    ['a/b/tool', '100755', 'odd'],
    ['a/empty', '100644', ''],
    ['a/link', '120777', 'b/tool'],
    ['dev/console', '20600', ''],
  ]);
  expect(entries.at(-1)?.device).toEqual([5, 1]);
  expect(new Set(entries.map(({ inode }) => inode)).size).toBe(entries.length);
});

it.each([0, 1, 2, 3, 4, 5])(
  'a name and a file of any length are padded to 4 bytes: %i',
  (length) => {
    const entries = read(
      cpio([file('n'.repeat(length + 1), 'd'.repeat(length)), file('next', 'x')]),
    );
    expect(entries.map(({ data }) => data)).toEqual(['d'.repeat(length), 'x']);
  },
);

it('the same entries make the same archive', () => {
  const make = () => Buffer.from(cpio([file('a', 'b')])).toString('hex');
  expect(make()).toBe(make());
});
