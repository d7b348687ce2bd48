/** Network devices: what lies in their rings (io/netif.h @ RELEASE-4.17.0). */

import { bytes, i16, layout, u8, u16, u32 } from '../core/layout.ts';

/** Slots of a packet that a guest sends, which every back end serves. */
export const XEN_NETIF_NR_SLOTS_MIN = 18;

export const NETTXF_csum_blank = 1;
export const NETTXF_data_validated = 2;
export const NETTXF_more_data = 4;
export const NETTXF_extra_info = 8;

export const NETRXF_data_validated = 1;
export const NETRXF_csum_blank = 2;
export const NETRXF_more_data = 4;
export const NETRXF_extra_info = 8;

export const NETIF_RSP_DROPPED = -2;
export const NETIF_RSP_ERROR = -1;
export const NETIF_RSP_OKAY = 0;
export const NETIF_RSP_NULL = 1;

export const XEN_NETIF_EXTRA_TYPE_GSO = 1;
export const XEN_NETIF_EXTRA_TYPE_MCAST_ADD = 2;
export const XEN_NETIF_EXTRA_TYPE_MCAST_DEL = 3;
export const XEN_NETIF_EXTRA_TYPE_HASH = 4;
export const XEN_NETIF_EXTRA_FLAG_MORE = 1;

export const XEN_NETIF_GSO_TYPE_TCPV4 = 1;
export const XEN_NETIF_GSO_TYPE_TCPV6 = 2;

export const XEN_NETIF_CTRL_TYPE_GET_HASH_FLAGS = 1;
export const XEN_NETIF_CTRL_TYPE_SET_HASH_FLAGS = 2;
export const XEN_NETIF_CTRL_TYPE_SET_HASH_KEY = 3;
export const XEN_NETIF_CTRL_TYPE_GET_HASH_MAPPING_SIZE = 4;
export const XEN_NETIF_CTRL_TYPE_SET_HASH_MAPPING_SIZE = 5;
export const XEN_NETIF_CTRL_TYPE_SET_HASH_MAPPING = 6;
export const XEN_NETIF_CTRL_TYPE_SET_HASH_ALGORITHM = 7;

export const XEN_NETIF_CTRL_STATUS_SUCCESS = 0;
export const XEN_NETIF_CTRL_STATUS_NOT_SUPPORTED = 1;
export const XEN_NETIF_CTRL_STATUS_INVALID_PARAMETER = 2;
export const XEN_NETIF_CTRL_STATUS_BUFFER_OVERFLOW = 3;

export const XEN_NETIF_CTRL_HASH_ALGORITHM_NONE = 0;
export const XEN_NETIF_CTRL_HASH_ALGORITHM_TOEPLITZ = 1;

/** Bits of the hash flags; as an extra's type of hash their numbers. */
export const XEN_NETIF_CTRL_HASH_TYPE_IPV4 = 1;
export const XEN_NETIF_CTRL_HASH_TYPE_IPV4_TCP = 2;
export const XEN_NETIF_CTRL_HASH_TYPE_IPV6 = 4;
export const XEN_NETIF_CTRL_HASH_TYPE_IPV6_TCP = 8;

export const netifTxRequest = layout('struct netif_tx_request', 12, {
  gref: u32(0),
  offset: u16(4),
  flags: u16(6),
  id: u16(8),
  size: u16(10),
});

export const netifTxResponse = layout('struct netif_tx_response', 4, {
  id: u16(0),
  status: i16(2),
});

export const netifRxRequest = layout('struct netif_rx_request', 8, {
  id: u16(0),
  pad: u16(2),
  gref: u32(4),
});

export const netifRxResponse = layout('struct netif_rx_response', 8, {
  id: u16(0),
  offset: u16(2),
  flags: u16(4),
  status: i16(6),
});

/** Of what is in its union each is a member of its own. */
export const netifExtraInfo = layout('struct netif_extra_info', 8, {
  type: u8(0),
  flags: u8(1),
  gsoSize: u16(2, 'u.gso.size'),
  gsoType: u8(4, 'u.gso.type'),
  gsoFeatures: u16(6, 'u.gso.features'),
  mcastAddr: bytes(2, 6, 'u.mcast.addr'),
  hashType: u8(2, 'u.hash.type'),
  hashAlgorithm: u8(3, 'u.hash.algorithm'),
  hashValue: bytes(4, 4, 'u.hash.value'),
});

export const xenNetifCtrlRequest = layout('struct xen_netif_ctrl_request', 16, {
  id: u16(0),
  type: u16(2),
  data: bytes(4, 12),
});

export const xenNetifCtrlResponse = layout('struct xen_netif_ctrl_response', 12, {
  id: u16(0),
  type: u16(2),
  status: u32(4),
  data: u32(8),
});
