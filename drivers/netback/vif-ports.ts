/**
 * Vifs at the ports of a network, and a link of ours at its uplink: what guests send goes into the
 * network, and what the network delivers goes to guests and to the link.
 */

import { assert } from '../../shared/core/assert.ts';
import { VIRTIO_HEADER_BYTES } from '../../shared/net/offload.ts';
import type { NetLink } from '../../shared/platform/net-io.ts';
import type { Region } from '../../shared/platform/region.ts';
import { deliver } from './core/deliver.ts';
import { INBOX_FRAMES, QUEUES_MAX } from './core/limits.ts';
import { settle, tell } from './core/receive.ts';
import { type Behind, INBOX_AT, INBOX_SLOT, type Room, type Vif } from './core/vif.ts';
import type { Network, NetworkOutlets } from './network.ts';
import { PORTS_MAX } from './switch/limits.ts';

const INBOX_HEADER = INBOX_AT - VIRTIO_HEADER_BYTES;

export class VifPorts implements NetworkOutlets {
  readonly #room: Room;
  readonly #uplink: number;
  readonly #link: NetLink;
  readonly #vifs: (Vif | undefined)[] = new Array(PORTS_MAX).fill(undefined);
  #queue = 0;

  /** The link is at the port `uplink`. */
  constructor(room: Room, uplink: number, link: NetLink) {
    this.#room = room;
    this.#uplink = uplink;
    this.#link = link;
  }

  deliver(port: number, region: Region, at: number, bytes: number): boolean {
    // One queue for all: a flow's frames stay in their order.
    if (port === this.#uplink) return this.#link.tx(0, region, at, bytes);
    const vif = this.#vifs[port];
    return vif !== undefined && deliver(this.#room, vif, region, at, bytes);
  }

  settle(): void {
    settle(this.#room);
    tell(this.#room);
    this.#link.submit();
  }

  /** What is behind the vif at a port. All its queues are one: the network gives by `deliver`. */
  behind(network: Network, port: number): Behind {
    return {
      queues: QUEUES_MAX,
      tx: (_, region, at, bytes) => {
        network.input(port, region, at, bytes);
        return true;
      },
      rx: () => 0,
      want: () => {},
      submit: () => network.endTurn(),
    };
  }

  /** The vif at a port is there, and gets what is delivered to it; undefined: it is gone. */
  connect(port: number, vif: Vif | undefined): void {
    assert(port >= 0 && port < PORTS_MAX && port !== this.#uplink, `a vif at port ${port}`);
    this.#vifs[port] = vif;
  }

  /**
   * A turn's share of what comes by the link, in no vif's turn: up to so many frames; whether there
   * may be more. `wake` is called once when there is something again.
   */
  pump(network: Network, nowMs: number, most: number, wake: () => void): boolean {
    const { inbox, lengths } = this.#room;
    const link = this.#link;
    this.#room.nowMs = nowMs;
    let left = most;
    for (let i = 0; i < link.queues && left > 0; i++) {
      const queue = (this.#queue + i) % link.queues;
      for (let frames = -1; frames !== 0 && left > 0; ) {
        const welcome = Math.min(left, INBOX_FRAMES);
        frames = link.rx(queue, inbox, INBOX_HEADER, INBOX_SLOT, lengths, welcome);
        for (let j = 0; j < frames; j++) {
          const at = INBOX_HEADER + j * INBOX_SLOT;
          network.input(this.#uplink, inbox, at, lengths[j] as number);
        }
        // The memory that they are in is for the next ones.
        network.endTurn();
        left -= frames;
      }
      if (left > 0) link.want(queue, wake);
    }
    this.#queue = (this.#queue + 1) % link.queues;
    return left === 0;
  }
}
