/**
 * NBD's numbers (doc/proto.md @ 89ba7b53 of github.com/NetworkBlockDevice/nbd), under the names
 * that they have there. Magic numbers of 64 bits are two words, the high one first.
 */

/** ASCII `NBDMAGIC`, with which each server begins. */
export const NBDMAGIC = [0x4e42_444d, 0x4147_4943] as const;
/** ASCII `IHAVEOPT`: the newstyle handshake, and each option of it. */
export const IHAVEOPT = [0x4948_4156, 0x454f_5054] as const;
export const NBD_REP_MAGIC = [0x0003_e889, 0x0455_65a9] as const;
export const NBD_REQUEST_MAGIC = 0x2560_9513;
export const NBD_SIMPLE_REPLY_MAGIC = 0x6744_6698;

/** Handshake flags; the client's have the same bits. */
export const NBD_FLAG_FIXED_NEWSTYLE = 1;
export const NBD_FLAG_NO_ZEROES = 2;

/** Transmission flags. */
export const NBD_FLAG_HAS_FLAGS = 1;
export const NBD_FLAG_READ_ONLY = 2;
export const NBD_FLAG_SEND_FLUSH = 4;
export const NBD_FLAG_SEND_TRIM = 32;

export const NBD_OPT_EXPORT_NAME = 1;
export const NBD_OPT_GO = 7;

export const NBD_REP_ACK = 1;
export const NBD_REP_INFO = 3;
export const NBD_REP_ERR_UNSUP = 0x8000_0001;

export const NBD_INFO_EXPORT = 0;
export const NBD_INFO_BLOCK_SIZE = 3;

export const NBD_CMD_READ = 0;
export const NBD_CMD_WRITE = 1;
export const NBD_CMD_DISC = 2;
export const NBD_CMD_FLUSH = 3;
export const NBD_CMD_TRIM = 4;

/** The server is about to end: whoever gets this has to leave. */
export const NBD_ESHUTDOWN = 108;

/** magic, flags, type, cookie, offset, length */
export const REQUEST_BYTES = 28;
/** magic, error, cookie */
export const SIMPLE_REPLY_BYTES = 16;
/** magic, option, type, length */
export const OPTION_REPLY_BYTES = 20;

/** Where servers listen, unless told otherwise (IANA). */
export const NBD_PORT = 10_809;
