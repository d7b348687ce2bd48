/**
 * Views of frames as one run of bytes. JavaScript has no page tables: frames that follow each other
 * in one buffer are viewed in place; frames that nobody maps move together first; only a frame that
 * is mapped elsewhere in another arrangement gets a replica, which is brought up to date whenever a
 * domain calls the hypervisor and whenever something happens.
 */

import { PAGE_SIZE } from '../region.ts';
import { bytesOf, type Frame } from './frame.ts';

export interface View {
  readonly bytes: Uint8Array;
  readonly words: Int32Array;
  readonly frames: readonly Frame[];
}

export interface Views {
  open(frames: readonly Frame[]): View;
  close(view: View): void;
  /** Carries what was written in replicas to the frames, and from the frames to all replicas. */
  sync(): void;
}

interface Replica {
  readonly view: View;
  readonly frame: Frame;
  readonly copy: Uint8Array;
  /** What both sides held when they were last the same. */
  readonly last: Uint8Array;
}

export function views(): Views {
  let replicas: Replica[] = [];
  const sync = () => {
    if (replicas.length === 0) return;
    for (const { frame, copy, last } of replicas) carry(copy, last, bytesOf(frame));
    for (const { frame, copy, last } of replicas) {
      copy.set(bytesOf(frame));
      last.set(copy);
    }
  };
  return {
    sync,
    open(frames) {
      sync();
      const run = isRun(frames);
      const buffer = run ? frames[0]!.home! : new ArrayBuffer(frames.length * PAGE_SIZE);
      const start = run ? frames[0]!.offset : 0;
      const bytes = new Uint8Array(buffer, start, frames.length * PAGE_SIZE);
      const view = { bytes, words: new Int32Array(buffer, start, bytes.length / 4), frames };
      frames.forEach((frame, i) => {
        if (!run && !moveTo(frame, buffer, i * PAGE_SIZE)) {
          const copy = bytes.subarray(i * PAGE_SIZE, (i + 1) * PAGE_SIZE);
          copy.set(bytesOf(frame));
          replicas.push({ view, frame, copy, last: copy.slice() });
        }
        frame.mapped++;
      });
      return view;
    },
    close(view) {
      sync();
      replicas = replicas.filter((replica) => replica.view !== view);
      for (const frame of view.frames) {
        frame.mapped--;
        if (frame.mapped === 0) frame.unmapped(frame);
      }
    },
  };
}

function isRun(frames: readonly Frame[]): boolean {
  const { home, offset } = frames[0]!;
  if (!home) return false;
  return frames.every((frame, i) => frame.home === home && frame.offset === offset + i * PAGE_SIZE);
}

/** Gives a frame a new home, unless somebody maps the old one. */
function moveTo(frame: Frame, home: ArrayBuffer, offset: number): boolean {
  if (frame.mapped > 0) return false;
  if (frame.home) new Uint8Array(home, offset, PAGE_SIZE).set(bytesOf(frame));
  frame.home = home;
  frame.offset = offset;
  return true;
}

/** Writes to `to` every byte of `from` that is not as in `last`. */
function carry(from: Uint8Array, last: Uint8Array, to: Uint8Array): void {
  for (let i = 0; i < PAGE_SIZE; i++) {
    if (from[i] !== last[i]) to[i] = from[i]!;
  }
}
