// A disk of dom0's that keeps what is written: a copy of the images' disk, in a file of the user's.
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { execa } from 'execa';
import type { Images } from '../image/images.ts';

/**
 * Makes the disk if it is not there. With a journal, unlike the images': a host whose power was cut
 * comes up again without fsck.
 */
export const ensureDisk = async (
  path: string,
  { disk, dir }: Pick<Images, 'disk' | 'dir'>,
): Promise<void> => {
  // The kernel's modules are on the disk: they go with the kernel of these images alone.
  const origin = `${path}.image`;
  if (existsSync(path)) {
    if (existsSync(origin) && readFileSync(origin, 'utf8') === dir) return;
    throw new Error(`${path} is no disk of these images: remove it, or name another file`);
  }
  const fresh = `${path}.${process.pid}.partial`;
  await execa('cp', ['--reflink=auto', '--sparse=always', disk, fresh]);
  const env = { PATH: `${process.env.PATH}:/usr/sbin:/sbin` };
  await execa('tune2fs', ['-O', 'has_journal', fresh], { env });
  writeFileSync(origin, dir);
  renameSync(fresh, path);
};
