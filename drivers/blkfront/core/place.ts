/** What a device's `params` names in a driver domain: a disk of its own, or a part of one. */

export interface DiskPlace {
  /** `xvda` */
  readonly disk: string;
  /** A partition's number or name; undefined: the whole disk. */
  readonly partition: number | string | undefined;
}

/** `xvda`, `xvda2`, `xvda:NAME`. undefined: nothing of the kind. */
export function parsePlace(text: string): DiskPlace | undefined {
  const colon = text.indexOf(':');
  const [disk, name] =
    colon < 0 ? [text, undefined] : [text.slice(0, colon), text.slice(colon + 1)];
  const match = /^(xvd[a-z]+)([1-9][0-9]{0,2})?$/.exec(disk);
  if (match === null || name === '' || (name !== undefined && match[2] !== undefined)) {
    return undefined;
  }
  const number = match[2] === undefined ? undefined : Number(match[2]);
  return { disk: match[1] as string, partition: name ?? number };
}
