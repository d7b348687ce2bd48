/** Numbers of the protocols: IANA's registries, RFC 791, 792, 826, 4443, 4861, 8200, 9293. */

export const ETHER_HEADER_BYTES = 14;
export const MAC_BYTES = 6;

export const ETHERTYPE_IPV4 = 0x0800;
export const ETHERTYPE_ARP = 0x0806;
export const ETHERTYPE_IPV6 = 0x86dd;
/** A VLAN's tag (802.1Q), and the outer one of two (802.1ad). */
export const ETHERTYPE_VLAN = 0x8100;
export const ETHERTYPE_VLAN_OUTER = 0x88a8;
/** What is less is a length (802.3). */
export const ETHERTYPE_MIN = 0x0600;

export const ARP_BYTES = 28;
export const ARP_REQUEST = 1;
export const ARP_REPLY = 2;
/** Places within an ARP packet for Ethernet and IPv4. */
export const ARP_SENDER_MAC = 8;
export const ARP_SENDER_IP = 14;
export const ARP_TARGET_MAC = 18;
export const ARP_TARGET_IP = 24;

export const IPV4_HEADER_BYTES = 20;
export const IPV6_HEADER_BYTES = 40;
export const IPV4_DONT_FRAGMENT = 0x4000;
export const IPV4_MORE_FRAGMENTS = 0x2000;

/** Protocols over IPv4 and IPv6. */
export const PROTOCOL_ICMP = 1;
export const PROTOCOL_TCP = 6;
export const PROTOCOL_UDP = 17;
export const PROTOCOL_ICMP6 = 58;

export const TCP_HEADER_BYTES = 20;
export const TCP_FIN = 1;
export const TCP_SYN = 2;
export const TCP_RST = 4;
export const TCP_PSH = 8;
export const TCP_ACK = 16;
/** Places of the checksum. */
export const TCP_CHECKSUM = 16;
export const UDP_CHECKSUM = 6;
export const ICMP_CHECKSUM = 2;

export const UDP_HEADER_BYTES = 8;
export const ICMP_HEADER_BYTES = 8;

export const ICMP_ECHO_REPLY = 0;
export const ICMP_UNREACHABLE = 3;
export const ICMP_REDIRECT = 5;
export const ICMP_ECHO = 8;
export const ICMP_TIME_EXCEEDED = 11;
export const ICMP_PARAMETER_PROBLEM = 12;
export const ICMP_FRAGMENTATION_NEEDED = 4;
export const ICMP_ADMIN_PROHIBITED = 13;

export const ICMP6_UNREACHABLE = 1;
export const ICMP6_TOO_BIG = 2;
export const ICMP6_TIME_EXCEEDED = 3;
export const ICMP6_PARAMETER_PROBLEM = 4;
export const ICMP6_ECHO = 128;
export const ICMP6_ECHO_REPLY = 129;
export const NDP_ROUTER_SOLICIT = 133;
export const NDP_ROUTER_ADVERT = 134;
export const NDP_NEIGHBOUR_SOLICIT = 135;
export const NDP_NEIGHBOUR_ADVERT = 136;
export const NDP_REDIRECT = 137;

export const PORT_DNS = 53;
export const PORT_DHCP_SERVER = 67;
export const PORT_DHCP_CLIENT = 68;
export const PORT_DHCP6_CLIENT = 546;
export const PORT_DHCP6_SERVER = 547;
