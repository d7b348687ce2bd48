// The current build in dom0 from the first moment on: for a xenstored of ours, which dom0 starts
// before anybody can bring it anything.
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { type CpioEntry, cpio, file } from '../image/cpio.ts';
import type { Images } from '../image/images.ts';
import { recipeDir, repoRoot } from '../paths.ts';

/** Programs below this directory of dom0 are the build's. */
const installed = '/usr/lib/xtl/';

const stubdoms = ['stubdom', 'xtl-stubdom'];

/** Links the xenstore domain into the build, if dom0 is to start it. */
const linkStubdom = async (): Promise<void> => {
  const relink = join(repoRoot, 'build/tools/relink.mjs');
  await execa(process.execPath, [relink, 'xenstored', '--out', 'build/xtl/stubdom'], {
    cwd: repoRoot,
  });
};

/** All files below a directory, as entries below `to`. */
const filesBelow = (dir: string, to: string): CpioEntry[] =>
  readdirSync(dir, { withFileTypes: true }).flatMap((entry) => {
    const path = join(dir, entry.name);
    if (entry.isDirectory()) return filesBelow(path, `${to}/${entry.name}`);
    return [file(`${to}/${entry.name}`, readFileSync(path), statSync(path).mode & 0o777)];
  });

/** The initramfs's own script, which installs the build before it goes to the root disk. */
const initThatInstalls = (): string => {
  const script = readFileSync(join(recipeDir, 'dom0/initramfs-init.sh'), 'utf8');
  const install = [
    '/bin/busybox rm -rf /root/usr/lib/xtl',
    '/bin/busybox cp -a /xtl /root/usr/lib/xtl',
  ].join('\n');
  const changed = script.replace(/^exec .*switch_root/m, (last) => `${install}\n${last}`);
  if (changed === script) throw new Error('the initramfs of the lab does not go to a root disk');
  return changed;
};

/** Images whose dom0 has the build at once, if it is to start a program of the build. */
export const imagesFor = async (
  images: Images,
  xenstored: string,
  dir: string,
): Promise<Images> => {
  if (stubdoms.includes(xenstored)) await linkStubdom();
  else if (!xenstored.startsWith(installed)) return images;
  const more = cpio([
    ...filesBelow(join(repoRoot, 'build/xtl'), 'xtl'),
    file('init', initThatInstalls(), 0o755),
  ]);
  const initramfs = join(dir, 'initramfs');
  // The kernel unpacks one archive after the other; a later file takes the place of an earlier one.
  writeFileSync(initramfs, Buffer.concat([readFileSync(images.initramfs), more]));
  return { ...images, initramfs };
};
