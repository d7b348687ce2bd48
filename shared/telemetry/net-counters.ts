/**
 * What a vif has done: a page as in counter-page.ts, layout 1, with the counters of NAMES in their
 * order. From the guest and to it each the frames, their bytes without headers of ours, and those
 * of them that were larger than a wire has (GSO).
 */

import { ok, type Result } from '../core/result.ts';
import type { Region } from '../platform/region.ts';
import { type PageForm, readPage, type Subject, subjectOf } from './counter-page.ts';

const NAMES = [
  'fromFrames',
  'fromBytes',
  'fromLarge',
  'toFrames',
  'toBytes',
  'toLarge',
  /** Sent by the guest: what is no frame, what lies in pages not granted, and no room behind. */
  'malformed',
  'notGranted',
  'noRoom',
  /** For the guest: it offers no buffers, does not want such addresses, cannot take such frames. */
  'noBuffers',
  'filtered',
  'unfit',
  /** Checksums that were completed, and large frames that were cut, for who cannot. */
  'checksums',
  'cut',
  /** Frames that a backend that died had in hand. */
  'lost',
  'controls',
  'turns',
  'eventsSent',
  'eventsReceived',
] as const;
export type NetCounter = (typeof NAMES)[number];

export const NET_FORM: PageForm = { magic: 0x6e6c_7478, version: 1, counters: NAMES.length };

const place = (name: NetCounter): number => NAMES.indexOf(name);
export const FROM_FRAMES = place('fromFrames');
export const FROM_BYTES = place('fromBytes');
export const FROM_LARGE = place('fromLarge');
export const TO_FRAMES = place('toFrames');
export const TO_BYTES = place('toBytes');
export const TO_LARGE = place('toLarge');
export const MALFORMED = place('malformed');
export const NOT_GRANTED = place('notGranted');
export const NO_ROOM = place('noRoom');
export const NO_BUFFERS = place('noBuffers');
export const FILTERED = place('filtered');
export const UNFIT = place('unfit');
export const CHECKSUMS = place('checksums');
export const CUT = place('cut');
export const LOST = place('lost');
export const CONTROLS = place('controls');
export const TURNS = place('turns');
export const EVENTS_SENT = place('eventsSent');
export const EVENTS_RECEIVED = place('eventsReceived');

export interface NetCounters extends Subject {
  readonly counts: Readonly<Record<NetCounter, number>>;
  /** Whether all are of one moment; they are not where a backend died while it wrote them. */
  readonly isWhole: boolean;
}

/** What the page says. EPROTO: it is none, or of another layout. */
export function readNetCounters(region: Region): Result<NetCounters> {
  const page = readPage(NET_FORM, region);
  if (!page.ok) return page;
  const { counters, isWhole } = page.value;
  const named = NAMES.map((name, i) => [name, counters[i] as number]);
  const counts = Object.fromEntries(named) as Record<NetCounter, number>;
  return ok({ ...subjectOf(page.value), counts, isWhole });
}
