// Takes the kernel proper out of a bzImage, since Xen would decompress it under emulation.
import { readFileSync } from 'node:fs';
import { execa } from 'execa';

/** The compressed payload of a bzImage and the program that decompresses it. */
export interface Payload {
  readonly program: 'xz' | 'zstd';
  readonly bytes: Uint8Array;
}

const magics = { xz: [0xfd, 0x37, 0x7a, 0x58], zstd: [0x28, 0xb5, 0x2f, 0xfd] } as const;

/** Finds the payload by the boot header; see Documentation/arch/x86/boot.rst of Linux. */
export const bzImagePayload = (image: Uint8Array): Payload => {
  const view = new DataView(image.buffer, image.byteOffset, image.byteLength);
  if (image.length < 0x260 || view.getUint32(0x202, true) !== 0x53726448) {
    throw new Error('the kernel is no bzImage');
  }
  const setupSectors = image[0x1f1] || 4;
  const start = (setupSectors + 1) * 512 + view.getUint32(0x248, true);
  // The last four bytes are the length of the decompressed kernel.
  const bytes = image.subarray(start, start + view.getUint32(0x24c, true) - 4);
  for (const program of ['xz', 'zstd'] as const) {
    if (magics[program].every((byte, i) => bytes[i] === byte)) return { program, bytes };
  }
  throw new Error('the kernel is compressed neither by xz nor by zstd');
};

/** Writes the ELF kernel inside the bzImage `from` to `to`. */
export const extractVmlinux = async (from: string, to: string): Promise<void> => {
  const { program, bytes } = bzImagePayload(readFileSync(from));
  await execa(program, ['-q', '-d', '-c'], { input: bytes, stdout: { file: to } });
};
