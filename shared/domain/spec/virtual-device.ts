/**
 * Names of disks in a guest and their numbers (xen-vbd-interface(7), libxl__device_disk_dev_number
 * in libxl_device.c @ RELEASE-4.17.0).
 */

const DISKS_MAX = 2 ** 20;

/** Letters after a prefix, as in `xvdaa`, and a partition, as numbers. */
function letters(
  name: string,
  prefix: string,
  disksMax: number,
  partitionsMax: number,
): readonly [number, number] | undefined {
  const match = new RegExp(`^${prefix}([a-z]+)([1-9][0-9]*)?$`).exec(name);
  if (match === null) return undefined;
  let disk = -1;
  for (const letter of match[1] as string) {
    disk = (disk + 1) * 26 + letter.charCodeAt(0) - 'a'.charCodeAt(0);
    if (disk > disksMax) return undefined;
  }
  const partition = Number(match[2] ?? 0);
  return partition > partitionsMax ? undefined : [disk, partition];
}

/** A number as C reads it with any base: 0x, and a leading 0 for octal. */
function cNumber(text: string): number | undefined {
  if (/^0[xX][0-9a-fA-F]+$/.test(text)) return Number.parseInt(text, 16);
  if (/^0[0-7]*$/.test(text)) return Number.parseInt(text, 8);
  return /^[1-9][0-9]*$/.test(text) ? Number(text) : undefined;
}

function xvdNumber(disk: number, partition: number): number {
  if (disk <= 15 && partition <= 15) return (202 << 8) | (disk << 4) | partition;
  return (1 << 28) | (disk << 8) | partition;
}

/** The virtual device's number; undefined: no such name. */
export function virtualDeviceNumber(name: string): number | undefined {
  const short = /^d([0-9a-zA-Z]+)p([0-9a-zA-Z]+)$/.exec(name);
  if (short !== null) {
    const [disk, partition] = [cNumber(short[1] as string), cNumber(short[2] as string)];
    if (disk !== undefined && partition !== undefined && disk < DISKS_MAX && partition < 256) {
      return xvdNumber(disk, partition);
    }
  }
  const xvd = letters(name, 'xvd', DISKS_MAX - 1, 255);
  if (xvd !== undefined) return xvdNumber(...xvd);
  const number = cNumber(name);
  if (number !== undefined) return number <= 0x7fff_ffff ? number : undefined;
  const ide = letters(name, 'hd', 3, 63);
  if (ide !== undefined) return ((ide[0] < 2 ? 3 : 22) << 8) | ((ide[0] & 1) << 6) | ide[1];
  const scsi = letters(name, 'sd', 15, 15);
  return scsi === undefined ? undefined : (8 << 8) | (scsi[0] << 4) | scsi[1];
}
