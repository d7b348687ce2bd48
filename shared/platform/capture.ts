/** Port: frames that pass a network interface of the host, to be looked at. */

import type { Result } from '../core/result.ts';

/** One object for all of a capture: what it says is over when the callback returns. */
export interface Frame {
  /** The frame is `captured` bytes of `bytes` at `at`, which the receiver may change. */
  readonly bytes: Uint8Array;
  readonly at: number;
  readonly captured: number;
  /** What it had on its way. */
  readonly length: number;
  readonly seconds: number;
  readonly nanoseconds: number;
  /** The host sends it; else it comes in. */
  readonly isOutgoing: boolean;
  readonly to: 'host' | 'group' | 'all' | 'other';
  /** A tag of 802.1Q that the host took from it: its type and its tag in 32 bits; 0: none. */
  readonly vlan: number;
  /**
   * Where the bytes begin that a checksum is still to be made of, and where it lies from there: its
   * place holds the pseudo header's sum. Undefined: it has its checksum, or needs none.
   */
  readonly checksum: { readonly start: number; readonly offset: number } | undefined;
  /** It is to be cut into segments. */
  readonly isSegmented: boolean;
}

export interface FrameReceiver {
  frame(frame: Frame): void;
  /** Behind the frames of a batch: no more come until what it returns is settled. */
  batch(): Promise<void> | undefined;
  /** No more come: the interface is gone, or says why it fails. */
  end(why: string): void;
}

export interface Capture {
  /** Sets the one receiver. */
  receive(receiver: FrameReceiver): void;
  /** What passed until now is received; then how many there was no room for. */
  stop(): Promise<{ readonly dropped: number }>;
}

/** ENODEV: there is no such interface; EPERM: not for this process. */
export type OpenCapture = (name: string) => Promise<Result<Capture>>;
