/** Why a frame is dropped that cannot be what it says: numbers for counters, words for people. */

export const FAULT_NONE = 0;
export const FAULT_SHORT = 1;
export const FAULT_LONG = 2;
export const FAULT_SOURCE = 3;
export const FAULT_TAGS = 4;
export const FAULT_LENGTH = 5;
export const FAULT_ARP = 6;
export const FAULT_IPV4 = 7;
export const FAULT_OPTIONS = 8;
export const FAULT_IPV6 = 9;
export const FAULT_EXTENSIONS = 10;
export const FAULT_FRAGMENT = 11;
export const FAULT_TCP = 12;
export const FAULT_UDP = 13;
export const FAULT_ICMP = 14;
export const FAULT_CHECKSUM_OFFLOAD = 15;
export const FAULT_GSO = 16;

/** By number. */
export const FAULT_NAMES = [
  'none',
  'shorter than its headers',
  'longer than any frame',
  'the source is no address of one station',
  'more than two VLAN tags',
  'an 802.3 length beyond the frame',
  'ARP that is not of Ethernet and IPv4',
  'an IPv4 header that contradicts itself',
  'IPv4 options that contradict themselves',
  'an IPv6 header that contradicts itself',
  'IPv6 extension headers that contradict themselves, or too many',
  'an impossible fragment',
  'a TCP header that contradicts itself',
  'a UDP header that contradicts itself',
  'ICMP without its header',
  'a checksum to be completed outside its packet',
  'segmentation of what is no such packet, or into segments of nothing',
] as const;
