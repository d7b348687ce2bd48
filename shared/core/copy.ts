/** Copies of a few bytes between arrays that do not overlap. */

/**
 * From so many bytes on a copy through a view is faster than one by one, though the view is garbage
 * afterwards. That is so with a compiler; an interpreter gains much earlier (6 bytes in QuickJS).
 */
let viewBytes = 96;

/** For a platform whose engine gains from a view at another size. */
export function tuneCopies(bytes: number): void {
  viewBytes = bytes;
}

export function copyBytes(
  from: Uint8Array,
  start: number,
  to: Uint8Array,
  at: number,
  count: number,
): void {
  if (count >= viewBytes) to.set(from.subarray(start, start + count), at);
  else for (let i = 0; i < count; i++) to[at + i] = from[start + i] as number;
}
