/**
 * The control ring, on which a frontend sets how frames for it are hashed and which queues they go
 * to (netif.h @ RELEASE-4.17.0; Windows does). One request after the other: each is done, noted as
 * done, and then answered, so that the next backend neither forgets one nor does another for it.
 */

import {
  XEN_NETIF_CTRL_HASH_ALGORITHM_NONE,
  XEN_NETIF_CTRL_HASH_ALGORITHM_TOEPLITZ,
  XEN_NETIF_CTRL_HASH_TYPE_IPV4,
  XEN_NETIF_CTRL_HASH_TYPE_IPV4_TCP,
  XEN_NETIF_CTRL_HASH_TYPE_IPV6,
  XEN_NETIF_CTRL_HASH_TYPE_IPV6_TCP,
  XEN_NETIF_CTRL_STATUS_BUFFER_OVERFLOW,
  XEN_NETIF_CTRL_STATUS_INVALID_PARAMETER,
  XEN_NETIF_CTRL_STATUS_NOT_SUPPORTED,
  XEN_NETIF_CTRL_STATUS_SUCCESS,
  XEN_NETIF_CTRL_TYPE_GET_HASH_FLAGS,
  XEN_NETIF_CTRL_TYPE_GET_HASH_MAPPING_SIZE,
  XEN_NETIF_CTRL_TYPE_SET_HASH_ALGORITHM,
  XEN_NETIF_CTRL_TYPE_SET_HASH_FLAGS,
  XEN_NETIF_CTRL_TYPE_SET_HASH_KEY,
  XEN_NETIF_CTRL_TYPE_SET_HASH_MAPPING,
  XEN_NETIF_CTRL_TYPE_SET_HASH_MAPPING_SIZE,
} from '../../../shared/abi/netif.ts';
import { assert } from '../../../shared/core/assert.ts';
import { gref } from '../../../shared/core/ids.ts';
import {
  nextResponse,
  publishResponses,
  slotAt,
  takeRequests,
} from '../../../shared/ring/io-ring.ts';
import { controlData, controlType } from '../../../shared/ring/netif-slots.ts';
import { count } from '../../../shared/telemetry/counter-page.ts';
import { CONTROLS, EVENTS_SENT } from '../../../shared/telemetry/net-counters.ts';
import { type Hash, useKey } from './hash.ts';
import { noteControl, noteHash } from './journal.ts';
import { CONTROLS_PER_TURN, HASH_KEY_BYTES, HASH_MAPPING_MAX } from './limits.ts';
import { breakVif, type ControlRing, type Room, type Vif } from './vif.ts';

const ALL_TYPES =
  XEN_NETIF_CTRL_HASH_TYPE_IPV4 |
  XEN_NETIF_CTRL_HASH_TYPE_IPV4_TCP |
  XEN_NETIF_CTRL_HASH_TYPE_IPV6 |
  XEN_NETIF_CTRL_HASH_TYPE_IPV6_TCP;

const INVALID = XEN_NETIF_CTRL_STATUS_INVALID_PARAMETER;
const SUCCESS = XEN_NETIF_CTRL_STATUS_SUCCESS;

/** Copies the first bytes of a page of the guest's to the slab; whether that is so. */
function fetchPage(room: Room, vif: Vif, page: number, bytes: number): boolean {
  const { batch, slab } = room;
  assert(batch.count === 0, 'a control request amid a batch');
  batch.fromGuest(vif.domid, gref(page), 0, slab, 0, bytes);
  const failed = batch.run();
  batch.clear();
  return failed === 0;
}

function setAlgorithm(hash: Hash, algorithm: number): number {
  const isKnown =
    algorithm === XEN_NETIF_CTRL_HASH_ALGORITHM_NONE ||
    algorithm === XEN_NETIF_CTRL_HASH_ALGORITHM_TOEPLITZ;
  if (!isKnown) return INVALID;
  hash.algorithm = algorithm;
  return SUCCESS;
}

function setFlags(hash: Hash, flags: number): number {
  if ((flags & ~ALL_TYPES) !== 0) return INVALID;
  if (hash.algorithm === XEN_NETIF_CTRL_HASH_ALGORITHM_NONE) return INVALID;
  hash.flags = flags;
  return SUCCESS;
}

function setKey(room: Room, vif: Vif, page: number, bytes: number): number {
  if (bytes > HASH_KEY_BYTES) return XEN_NETIF_CTRL_STATUS_BUFFER_OVERFLOW;
  if (bytes > 0 && !fetchPage(room, vif, page, bytes)) return INVALID;
  const { key } = vif.hash;
  key.fill(0);
  key.set(room.slab.bytes.subarray(0, bytes));
  useKey(vif.hash);
  return SUCCESS;
}

function setSize(hash: Hash, size: number): number {
  if (size > HASH_MAPPING_MAX) return INVALID;
  hash.size = size;
  hash.mapping.fill(0);
  return SUCCESS;
}

/** Entries of four bytes, each a queue that there is. */
function setMapping(room: Room, vif: Vif, page: number, entries: number, from: number): number {
  const { hash, receive } = vif;
  if (from + entries > hash.size) return INVALID;
  if (entries > 0 && !fetchPage(room, vif, page, entries * 4)) return INVALID;
  const { words } = room.slab;
  for (let i = 0; i < entries; i++) {
    if ((words[i] as number) >>> 0 >= receive.length) return INVALID;
  }
  for (let i = 0; i < entries; i++) hash.mapping[from + i] = words[i] as number;
  return SUCCESS;
}

/** Does what is asked; its status. */
function perform(room: Room, vif: Vif, request: Int32Array): number {
  const { hash } = vif;
  const [first, second, third] = [0, 1, 2].map((i) => controlData(request, 0, i));
  switch (controlType(request, 0)) {
    case XEN_NETIF_CTRL_TYPE_SET_HASH_ALGORITHM:
      return setAlgorithm(hash, first as number);
    case XEN_NETIF_CTRL_TYPE_SET_HASH_FLAGS:
      return setFlags(hash, first as number);
    case XEN_NETIF_CTRL_TYPE_SET_HASH_KEY:
      return setKey(room, vif, first as number, second as number);
    case XEN_NETIF_CTRL_TYPE_SET_HASH_MAPPING_SIZE:
      return setSize(hash, first as number);
    case XEN_NETIF_CTRL_TYPE_SET_HASH_MAPPING:
      return setMapping(room, vif, first as number, second as number, third as number);
    case XEN_NETIF_CTRL_TYPE_GET_HASH_MAPPING_SIZE:
      return SUCCESS;
    case XEN_NETIF_CTRL_TYPE_GET_HASH_FLAGS:
      // One must be chosen first (netif.h).
      if (hash.algorithm !== XEN_NETIF_CTRL_HASH_ALGORITHM_NONE) return SUCCESS;
      return XEN_NETIF_CTRL_STATUS_NOT_SUPPORTED;
    default:
      return XEN_NETIF_CTRL_STATUS_NOT_SUPPORTED;
  }
}

function dataOf(request: Int32Array, status: number): number {
  if (status !== SUCCESS) return 0;
  const type = controlType(request, 0);
  if (type === XEN_NETIF_CTRL_TYPE_GET_HASH_FLAGS) return ALL_TYPES;
  return type === XEN_NETIF_CTRL_TYPE_GET_HASH_MAPPING_SIZE ? HASH_MAPPING_MAX : 0;
}

/** The answer overwrites what was asked, but for its id and type. */
export function answerControl({ ring }: ControlRing, status: number, data: number): void {
  const at = slotAt(ring, ring.rspPut) / 4;
  const { words } = ring.region;
  words[at + 1] = status;
  words[at + 2] = data;
  nextResponse(ring);
}

/** Does what the frontend asks, up to a few requests; whether there may be more. */
export function takeControls(room: Room, vif: Vif): boolean {
  const { control, journal, tally } = vif;
  if (control === undefined) return false;
  const { ring, request, port } = control;
  for (let left = CONTROLS_PER_TURN; left > 0; left--) {
    const index = ring.reqCons;
    const taken = takeRequests(ring, request, 1);
    if (taken === 0) return false;
    if (taken < 0) {
      breakVif(vif, 'the indices of the control ring are impossible');
      return false;
    }
    count(tally, CONTROLS);
    const status = perform(room, vif, request);
    const data = dataOf(request, status);
    noteHash(journal, vif.hash);
    noteControl(journal, index, status, data);
    answerControl(control, status, data);
    if (publishResponses(ring)) {
      room.events.notify(port);
      count(tally, EVENTS_SENT);
    }
  }
  return true;
}
