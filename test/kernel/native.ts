/** Images of the kernel with a C program in the engine's place: for tests and benchmarks. */

import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { openEngineSource } from '../../deploy/relink/engine/source.ts';
import { link } from '../../deploy/relink/link.ts';
import { serviceSource } from '../../deploy/relink/service-source.ts';
import { openSysroot } from '../../deploy/relink/sysroot.ts';
import { openToolchain } from '../../deploy/relink/toolchain.ts';

/** The engine's side of the kernel, but for the C library's names. */
const ENGINE_SIDE = /\/host-(?!libc)/;

export interface NativeOptions {
  readonly root: string;
  /** A C file that defines `engine_run`. */
  readonly source: string;
  readonly memoryKib: number;
  readonly out: string;
}

/** Links `out/NAME.xen`, NAME being the source's; the value is its path. */
export async function linkNative(options: NativeOptions): Promise<string> {
  const { root, memoryKib } = options;
  const source = resolve(root, options.source);
  const name = basename(source, '.c');
  const sysroot = await openSysroot(() => {});
  const toolchain = await openToolchain(root, sysroot, await openEngineSource(() => {}), () => {});
  const kernel = toolchain.kernel.filter((path) => !ENGINE_SIDE.test(path));
  const work = await mkdtemp(join(tmpdir(), 'xtl-native-'));
  try {
    const at = (file: string) => join(work, file);
    const manifest = {
      ...{ service: name, memoryKib, privileges: [], devices: [], vchanPeers: [] },
      restart: 'never' as const,
    };
    await writeFile(at('empty'), '');
    await writeFile(
      at('service.c'),
      serviceSource({
        ...{ manifest, config: '', bytecode: 'empty', positions: 'empty' },
      }),
    );
    await toolchain.compileC(at('service.c'), at('service.o'));
    await toolchain.compileC(source, at('program.o'));
    const own = [at('service.o'), at('program.o')];
    const { image } = await link(work, own, { ...toolchain, kernel }, sysroot);
    await mkdir(options.out, { recursive: true });
    const to = join(options.out, `${name}.xen`);
    await copyFile(image, to);
    return to;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}
