/** Who asks a disk of a real platform for things, and waits for them. */

import type { Prng } from '../../../shared/core/prng.ts';
import type { BlockIo } from '../../../shared/platform/block-io.ts';
import type { Region } from '../../../shared/platform/region.ts';
import { type Asked, type DiskModel, SECTOR } from './disk-model.ts';

export interface BlockUser {
  readonly region: Region;
  /** The disk's `onDone`. */
  readonly onDone: () => void;
  /** Results by number, once there are as many. */
  results(disk: BlockIo, count: number): Promise<Record<number, number>>;
}

export const memoryRegion = (bytes: number): Region => {
  const buffer = new ArrayBuffer(bytes);
  return { bytes: new Uint8Array(buffer), words: new Int32Array(buffer) };
};

export function createUser(bytes = 1 << 20): BlockUser {
  let wake = (): void => {};
  const into = new Int32Array(64);
  return {
    region: memoryRegion(bytes),
    onDone: () => wake(),
    results: async (disk, count) => {
      const found: Record<number, number> = {};
      for (let have = 0; have < count; have = Object.keys(found).length) {
        const taken = disk.completions(into);
        for (let i = 0; i < taken; i++) found[into[2 * i] as number] = into[2 * i + 1] as number;
        if (taken > 0) continue;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      return found;
    },
  };
}

const SLOT = 16 * SECTOR;

/** Asks what the model chooses, for so many rounds; `between` does what it likes to the server. */
export async function exercise(
  disk: BlockIo,
  { region, results }: BlockUser,
  model: DiskModel,
  random: Prng,
  rounds: number,
  between: () => void,
): Promise<void> {
  const free = Array.from({ length: region.bytes.length / SLOT }, (_, i) => i * SLOT);
  const places = new Map<number, number>();
  const ask = (number: number, { kind, sector, sectors, data }: Asked): void => {
    const at = free.pop() as number;
    places.set(number, at);
    region.bytes.set(data, at);
    if (kind === 'read') disk.read(number, sector, region, at, sectors * SECTOR);
    else if (kind === 'write') disk.write(number, sector, region, at, sectors * SECTOR);
    else if (kind === 'discard') disk.discard(number, sector, sectors, false);
    else disk.flush(number);
  };
  const collect = async (): Promise<void> => {
    for (const [text, result] of Object.entries(await results(disk, 1))) {
      const at = places.get(Number(text)) as number;
      const size = (model.under.get(Number(text))?.sectors as number) * SECTOR;
      model.complete(Number(text), result, () => region.bytes.slice(at, at + size));
      region.bytes.fill(0xee, at, at + SLOT);
      places.delete(Number(text));
      free.push(at);
    }
  };
  for (let round = 0; round < rounds; round++) {
    for (let tries = random.below(6); tries > 0; tries--) {
      const chosen = model.choose();
      if (chosen !== undefined) ask(chosen.number, chosen.asked);
    }
    disk.submit();
    between();
    if (model.under.size > 0) await collect();
  }
  while (model.under.size > 0) await collect();
}
