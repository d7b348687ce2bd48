/** Event channels (event_channel.h @ RELEASE-4.17.0; the same in RELEASE-4.20.0). */

import { layout, u16, u32 } from '../core/layout.ts';

export const EVTCHNOP_bind_interdomain = 0;
export const EVTCHNOP_bind_virq = 1;
export const EVTCHNOP_close = 3;
export const EVTCHNOP_send = 4;
export const EVTCHNOP_status = 5;
export const EVTCHNOP_alloc_unbound = 6;
export const EVTCHNOP_bind_vcpu = 8;
export const EVTCHNOP_unmask = 9;
export const EVTCHNOP_reset = 10;

export const EVTCHNSTAT_closed = 0;
export const EVTCHNSTAT_unbound = 1;
export const EVTCHNSTAT_interdomain = 2;
export const EVTCHNSTAT_pirq = 3;
export const EVTCHNSTAT_virq = 4;
export const EVTCHNSTAT_ipi = 5;

/** Ports of the two-level ABI and of the FIFO ABI, the most a 64-bit domain can have of either. */
export const EVTCHN_2L_NR_CHANNELS = 4096;
export const EVTCHN_FIFO_NR_CHANNELS = 131072;

export const evtchnAllocUnbound = layout('struct evtchn_alloc_unbound', 8, {
  dom: u16(0),
  remoteDom: u16(2),
  port: u32(4),
});

export const evtchnBindInterdomain = layout('struct evtchn_bind_interdomain', 12, {
  remoteDom: u16(0),
  remotePort: u32(4),
  localPort: u32(8),
});

export const evtchnBindVirq = layout('struct evtchn_bind_virq', 12, {
  virq: u32(0),
  vcpu: u32(4),
  port: u32(8),
});

export const evtchnBindVcpu = layout('struct evtchn_bind_vcpu', 8, { port: u32(0), vcpu: u32(4) });

export const evtchnClose = layout('struct evtchn_close', 4, { port: u32(0) });

export const evtchnSend = layout('struct evtchn_send', 4, { port: u32(0) });

export const evtchnUnmask = layout('struct evtchn_unmask', 4, { port: u32(0) });

export const evtchnStatus = layout('struct evtchn_status', 24, {
  dom: u16(0),
  port: u32(4),
  status: u32(8),
  vcpu: u32(12),
  unboundDom: u16(16, 'u.unbound.dom'),
  interdomainDom: u16(16, 'u.interdomain.dom'),
  interdomainPort: u32(20, 'u.interdomain.port'),
  virq: u32(16, 'u.virq'),
});
