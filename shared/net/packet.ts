/**
 * What a parse finds in a frame: numbers and places, in one struct that is made once and written
 * again for each frame. Places count from the beginning of the bytes that were parsed.
 */

/** What is behind the Ethernet header. */
export const KIND_OTHER = 0;
export const KIND_ARP = 1;
export const KIND_IPV4 = 2;
export const KIND_IPV6 = 3;

/** What a struct has that was not there. */
export const NONE = -1;

export interface Packet {
  /** Why it is no frame to pass on: one of faults.ts, 0 for nothing. What is below is then void. */
  fault: number;

  /** Where the frame begins, and where it ends. */
  at: number;
  end: number;

  /** Of the virtio_net_hdr in front of it: one of offload.ts, size of segments. */
  gsoType: number;
  gsoSize: number;
  /** From where on a checksum is to be completed, and where it goes; NONE: nothing is. */
  csumStart: number;
  csumAt: number;

  /** Tags of VLANs, the outer one's number; NONE without any. */
  tags: number;
  vlan: number;
  /** Behind the tags; 0 where a length stands in its place. */
  etherType: number;
  kind: number;
  /** Where what the EtherType says begins, and where it ends: not in the padding. */
  l3: number;
  l3End: number;

  /** ARP_REQUEST or ARP_REPLY, or what nobody knows. */
  arpOperation: number;

  /** Behind all extension headers. */
  protocol: number;
  ttl: number;
  /** 1: source routing by options or by a routing header, which nobody serves. */
  isSourceRouted: number;
  /** 1: a piece of a packet. The first one has ports, others have no `l4`. */
  isFragment: number;
  fragmentAt: number;
  moreFragments: number;
  /** Of fragments in IPv6; in IPv4 of every packet. */
  identification: number;
  dontFragment: number;

  /** Where the transport's header begins, its payload, and where that ends; NONE without one. */
  l4: number;
  payload: number;
  payloadEnd: number;
  /** Of TCP and UDP; an echo has its identifier in both. */
  sourcePort: number;
  targetPort: number;
  tcpFlags: number;
  icmpType: number;
  icmpCode: number;
}

export function createPacket(): Packet {
  return {
    fault: 0,
    at: 0,
    end: 0,
    gsoType: 0,
    gsoSize: 0,
    csumStart: NONE,
    csumAt: NONE,
    tags: 0,
    vlan: NONE,
    etherType: 0,
    kind: KIND_OTHER,
    l3: 0,
    l3End: 0,
    arpOperation: 0,
    protocol: NONE,
    ttl: 0,
    isSourceRouted: 0,
    isFragment: 0,
    fragmentAt: 0,
    moreFragments: 0,
    identification: 0,
    dontFragment: 0,
    l4: NONE,
    payload: NONE,
    payloadEnd: NONE,
    sourcePort: NONE,
    targetPort: NONE,
    tcpFlags: 0,
    icmpType: NONE,
    icmpCode: NONE,
  };
}

/** As after `createPacket`. */
export function clearPacket(packet: Packet, at: number, end: number): void {
  packet.fault = 0;
  packet.at = at;
  packet.end = end;
  packet.gsoType = 0;
  packet.gsoSize = 0;
  packet.csumStart = NONE;
  packet.csumAt = NONE;
  packet.tags = 0;
  packet.vlan = NONE;
  packet.etherType = 0;
  packet.kind = KIND_OTHER;
  packet.l3 = 0;
  packet.l3End = 0;
  packet.arpOperation = 0;
  packet.protocol = NONE;
  packet.ttl = 0;
  packet.isSourceRouted = 0;
  packet.isFragment = 0;
  packet.fragmentAt = 0;
  packet.moreFragments = 0;
  packet.identification = 0;
  packet.dontFragment = 0;
  packet.l4 = NONE;
  packet.payload = NONE;
  packet.payloadEnd = NONE;
  packet.sourcePort = NONE;
  packet.targetPort = NONE;
  packet.tcpFlags = 0;
  packet.icmpType = NONE;
  packet.icmpCode = NONE;
}
