/** What a gateway holds and does at most, and why. */

/** Connections of all guests together: a quarter of a MiB of memory. */
export const FLOWS_MAX = 4096;

/** Connections, and with them ports of the outer address, of one guest. A browser has hundreds. */
export const FLOWS_PER_PORT = 768;

/** The last free ones are for guests that have few: many that mean harm do not take them all. */
export const FLOWS_RESERVED = 1024;
export const FLOWS_FEW = 64;

/** Entries that a second's tick looks at: all of them within eight seconds. */
export const FLOWS_SWEPT = 512;

/** Ports that translated connections get, where their own is taken (RFC 6056 3.2). */
export const NAT_PORT_MIN = 1024;
export const NAT_PORT_MAX = 65_535;

/** Tries at random to find a free one. */
export const NAT_PORT_TRIES = 32;

/** Packets in pieces whose first piece was seen. RFC 791 gives them 15 s; Linux 30. */
export const FRAGMENTED_MAX = 128;
export const FRAGMENTED_PER_PORT = 32;
export const FRAGMENTED_S = 30;

/**
 * How long a connection is kept that is quiet. TCP: RFC 5382 5 asks for two hours and four minutes
 * once it is established, four minutes while it is not; shorter where an answer never came, so that
 * a scan fills no table. UDP: RFC 4787 4.3 asks for two minutes; it has them once it was answered.
 */
export const TCP_OPENING_S = 60;
export const TCP_ESTABLISHED_S = 7440;
export const TCP_CLOSING_S = 240;
export const TCP_CLOSED_S = 60;
export const TCP_RESET_S = 30;
export const UDP_OPENING_S = 30;
export const UDP_ANSWERED_S = 180;
export const ICMP_S = 30;
export const OTHER_S = 180;

/** The longest of these: nothing that a predecessor left may claim more. */
export const FLOW_S_MAX = TCP_ESTABLISHED_S;

/** Neighbours on both sides, and frames that wait until they answer, each of so many bytes. */
export const NEIGHBOURS_MAX = 1024;
export const WAITING_MAX = 32;
export const WAITING_BYTES = 2048;

/** Asked three times, a second apart, and then given up for as long (RFC 4861 10). */
export const ASK_TIMES = 3;
export const ASK_S = 1;
/** What an answer is good for, and how long before that it is asked for again. */
export const REACHABLE_S = 60;
export const REFRESH_S = 10;

/** ICMP errors of ours a second, to all together (RFC 1812 4.3.2.8, RFC 4443 2.4 f). */
export const ERRORS_PER_SECOND = 100;

/** Bytes of a packet that an ICMP error quotes: all of it is 576 (RFC 1812 4.3.2.3) or 1280. */
export const QUOTED4_MAX = 548;
export const QUOTED6_MAX = 1232;

/** Addresses that DHCP gives, of one gateway, and to one port. */
export const LEASES_MAX = 1024;
export const LEASES_PER_PORT = 8;
/** An hour, and how long an offer that nobody takes up holds its address. */
export const LEASE_S = 3600;
export const OFFER_S = 30;
/** Somebody said that an address is another's. */
export const DECLINED_S = 600;

/** Questions to the name server that wait for its answer. */
export const QUESTIONS_MAX = 512;
export const QUESTIONS_PER_PORT = 64;
export const QUESTION_S = 5;
/** The largest message of DNS over UDP that is passed on (EDNS's common 4096). */
export const DNS_BYTES_MAX = 4096;

/** Ports of the outside that lead to guests. */
export const FORWARDS_MAX = 64;

/** Between router advertisements that nobody asked for, and what they promise (RFC 4861 6.2.1). */
export const ADVERT_S = 200;
export const ROUTER_S = 1800;
export const PREFIX_VALID_S = 86_400;
export const PREFIX_PREFERRED_S = 14_400;
