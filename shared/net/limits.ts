/** What a frame may have at most, and why. */

/** An IP packet's length is a u16; a header and two tags are in front of it. */
export const FRAME_BYTES_MAX = 14 + 8 + 65535;

/** Two, as 802.1ad nests them. */
export const TAGS_MAX = 2;

/** RFC 8200 4.1 recommends each header once, and one of them twice: seven. */
export const EXTENSION_HEADERS_MAX = 8;
