/**
 * core/ring-moves.ts as a stub domain is linked with it: a call where the engine would take some
 * hundred steps (kernel/host/ring-moves.c).
 */

import { type Kernel, thisKernel } from './kernel.ts';

export type { ByteRing, RingPage } from '../../core/ring-moves.ts';

export const BROKEN = -1;
export const { peekRing, takeRing, writeRing }: Kernel['ringMoves'] = thisKernel().ringMoves;
