/**
 * Linux's packet sockets with a ring of blocks (linux/if_packet.h, linux/virtio_net.h @ v5.10;
 * sys/socket.h, linux/if_ether.h).
 */

import { i32, layout, u8, u16, u32 } from '../../core/layout.ts';

export const AF_PACKET = 17;
export const SOCK_RAW = 3;
export const SOCK_CLOEXEC = 0o2000000;
export const SOCK_NONBLOCK = 0o4000;
export const SOL_SOCKET = 1;
export const SO_ERROR = 4;
export const SOL_PACKET = 263;
export const ETH_P_ALL = 3;

export const PACKET_RX_RING = 5;
export const PACKET_STATISTICS = 6;
export const PACKET_VERSION = 10;
/** In front of each frame lies what its checksum and its segments are to be. */
export const PACKET_VNET_HDR = 15;
export const TPACKET_V3 = 2;

export const TP_STATUS_USER = 1;
export const TP_STATUS_VLAN_VALID = 16;
export const TP_STATUS_VLAN_TPID_VALID = 64;

export const PACKET_BROADCAST = 1;
export const PACKET_MULTICAST = 2;
export const PACKET_OTHERHOST = 3;
export const PACKET_OUTGOING = 4;

export const sockaddrLl = layout('struct sockaddr_ll', 20, {
  sllFamily: u16(0),
  /** Big endian. */
  sllProtocol: u16(2),
  sllIfindex: i32(4),
  sllPkttype: u8(10),
});

export const tpacketReq3 = layout('struct tpacket_req3', 28, {
  tpBlockSize: u32(0),
  tpBlockNr: u32(4),
  tpFrameSize: u32(8),
  tpFrameNr: u32(12),
  tpRetireBlkTov: u32(16),
});

export const tpacketStatsV3 = layout('struct tpacket_stats_v3', 12, {
  tpPackets: u32(0),
  tpDrops: u32(4),
});

export const tpacketBlockDesc = layout('struct tpacket_block_desc', 48, {
  blockStatus: u32(8, 'hdr.bh1.block_status'),
  numPkts: u32(12, 'hdr.bh1.num_pkts'),
  offsetToFirstPkt: u32(16, 'hdr.bh1.offset_to_first_pkt'),
});

/** Behind it, at the next multiple of 16, lies a sockaddr_ll. */
export const tpacket3Hdr = layout('struct tpacket3_hdr', 48, {
  tpNextOffset: u32(0),
  tpSec: u32(4),
  tpNsec: u32(8),
  tpSnaplen: u32(12),
  tpLen: u32(16),
  tpStatus: u32(20),
  tpMac: u16(24),
  tpVlanTci: u32(32, 'hv1.tp_vlan_tci'),
  tpVlanTpid: u16(36, 'hv1.tp_vlan_tpid'),
});

export const virtioNetHdr = layout('struct virtio_net_hdr', 10, {
  flags: u8(0),
  gsoType: u8(1),
  csumStart: u16(6),
  csumOffset: u16(8),
});

export const VIRTIO_NET_HDR_F_NEEDS_CSUM = 1;
export const VIRTIO_NET_HDR_GSO_NONE = 0;
