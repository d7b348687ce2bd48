/**
 * Xenstore over /dev/xen/xenbus: the kernel passes packets to the xenstored of the host, wherever
 * that runs (drivers/xen/xenbus/xenbus_dev_frontend.c of Linux 6.1).
 *
 * A write may carry a part of a packet, or one, and what follows a whole packet is lost: here each
 * packet is a write of its own. Its buffer holds header and payload together, so that the largest
 * packets of the wire do not fit. The kernel sends a payload from that buffer some time after the
 * write: a packet that came meanwhile would go in its place, so each waits for the reply to the one
 * before.
 */

import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs';
import {
  XENSTORE_PAYLOAD_MAX,
  XS_ERROR,
  XS_GET_DOMAIN_PATH,
  XS_WATCH_EVENT,
} from '../../abi/xs-wire.ts';
import { ERRNO, type Errno } from '../../core/errno.ts';
import { type Failure, fail, ok, type Result } from '../../core/result.ts';
import type { XenstoreTransport } from '../xenstore.ts';
import { ffi } from './ffi.ts';
import { reasonOf } from './reason.ts';
import { createReceiver } from './receiver.ts';

/** The open device; nothing here waits. */
export interface XenbusFile {
  /** Gives it one packet; why not, if it does not take it. */
  write(packet: Uint8Array): Errno | undefined;
  /** Copies what has come into `into`: how many bytes, 0 for nothing now, -1 once it broke. */
  read(into: Uint8Array): number;
  /** Calls whenever there is something to read, until it is closed. */
  listen(readable: () => void): void;
  close(): void;
}

const HEADER = 16;
/** What the kernel keeps of one packet. */
const PACKET_MAX = XENSTORE_PAYLOAD_MAX;
const READ_BYTES = 16 * 1024;

/** Bytes of a stream until they are whole packets. */
function createSplitter(take: (packet: Uint8Array) => void): (bytes: Uint8Array) => void {
  let held = new Uint8Array(0);
  return (bytes) => {
    const all = new Uint8Array(held.length + bytes.length);
    all.set(held);
    all.set(bytes, held.length);
    const view = new DataView(all.buffer);
    let at = 0;
    while (all.length - at >= HEADER) {
      const end = at + HEADER + view.getUint32(at + 12, true);
      if (end > all.length) break;
      take(all.subarray(at, end));
      at = end;
    }
    held = all.slice(at);
  };
}

/** As a xenstored says that a request is too large. */
function tooLarge(packet: Uint8Array): Uint8Array {
  const text = 'E2BIG\0';
  const answer = new Uint8Array(HEADER + text.length);
  answer.set(packet.subarray(0, HEADER));
  const view = new DataView(answer.buffer);
  view.setUint32(0, XS_ERROR, true);
  view.setUint32(12, text.length, true);
  for (let i = 0; i < text.length; i++) answer[HEADER + i] = text.charCodeAt(i);
  return answer;
}

/** A stream over the device, which is this stream's alone from now on. */
export function overXenbus(file: XenbusFile): XenstoreTransport {
  const scratch = new Uint8Array(READ_BYTES);
  const receiver = createReceiver();
  const end = (reason?: Failure): void => {
    if (receiver.hasEnded()) return;
    file.close();
    receiver.end(reason);
  };
  const line: Uint8Array[] = [];
  let unanswered = false;
  const sendNext = (): void => {
    const packet = line.shift();
    unanswered = packet !== undefined;
    if (packet === undefined || receiver.hasEnded()) return;
    const errno = file.write(packet);
    if (errno !== undefined) end({ errno, what: 'the kernel does not take a request' });
  };
  const noteReplies = createSplitter((packet) => {
    if (packet[0] !== XS_WATCH_EVENT) sendNext();
  });
  const hear = (): void => {
    while (!receiver.hasEnded()) {
      const count = file.read(scratch);
      if (count === 0) return;
      if (count < 0) end({ errno: 'EIO', what: 'the kernel’s connection to xenstored broke' });
      else {
        const bytes = scratch.slice(0, count);
        noteReplies(bytes);
        receiver.take(bytes);
      }
    }
  };
  const send = createSplitter((packet) => {
    if (receiver.hasEnded()) return;
    if (packet.length > PACKET_MAX) {
      const answer = tooLarge(packet);
      // Not from within the call that asks.
      setImmediate(() => {
        if (!receiver.hasEnded()) receiver.take(answer);
      });
      return;
    }
    line.push(packet.slice());
    if (!unanswered) sendNext();
  });
  file.listen(hear);
  return {
    write: (bytes) => {
      if (!receiver.hasEnded()) send(bytes);
    },
    receive: receiver.receive,
    close: () => end(),
  };
}

function errnoOf(thrown: unknown): Errno {
  const code = (thrown as NodeJS.ErrnoException).code ?? '';
  return code in ERRNO ? (code as Errno) : 'EIO';
}

function openFile(path: string): Result<XenbusFile> {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  } catch (thrown) {
    const { errno, words } = reasonOf(thrown);
    return fail(errno, `cannot open ${path}: ${words}`);
  }
  let handle: ReturnType<ReturnType<typeof ffi>['node']['poll']> | undefined;
  return ok({
    write: (packet) => {
      try {
        writeSync(fd, packet);
        return undefined;
      } catch (thrown) {
        return errnoOf(thrown);
      }
    },
    read: (into) => {
      try {
        const count = readSync(fd, into);
        return count === 0 ? -1 : count;
      } catch (thrown) {
        return errnoOf(thrown) === 'EAGAIN' ? 0 : -1;
      }
    },
    listen: (readable) => {
      handle = ffi().node.poll(fd, { readable: true }, () => {
        try {
          readable();
        } catch (thrown) {
          // koffi loses what a callback throws.
          process.nextTick(() => {
            throw thrown;
          });
        }
      });
    },
    close: () => {
      handle?.close();
      closeSync(fd);
    },
  });
}

/** How long the host's xenstored may take for a first answer. */
export const FIRST_ANSWER_MS = 10_000;

/**
 * The transport, once somebody answers at its end: the kernel offers the device before any
 * xenstored is there. ETIMEDOUT otherwise.
 */
export function onceAnswered(
  transport: XenstoreTransport,
  path: string,
  patienceMs = FIRST_ANSWER_MS,
): Promise<Result<XenstoreTransport>> {
  return new Promise((resolve) => {
    const late = setTimeout(() => {
      resolve(fail('ETIMEDOUT', `no xenstored answers at ${path}`));
      transport.close();
    }, patienceMs);
    // Nothing but the answer can come yet.
    const hear = createSplitter(() => {
      clearTimeout(late);
      resolve(ok(transport));
    });
    transport.receive(hear, (reason) => {
      clearTimeout(late);
      resolve(fail(reason?.errno ?? 'EIO', `${path}: ${reason?.what ?? 'closed'}`));
    });
    const question = new Uint8Array(HEADER + 2);
    question[0] = XS_GET_DOMAIN_PATH;
    question[12] = 2;
    question[HEADER] = 0x30;
    transport.write(question);
  });
}

/**
 * Connects by the kernel's device. ENOENT without it, EACCES without privilege, ETIMEDOUT if no
 * xenstored serves the kernel.
 */
export async function connectXenbus(path: string): Promise<Result<XenstoreTransport>> {
  const file = openFile(path);
  return file.ok ? onceAnswered(overXenbus(file.value), path) : file;
}
