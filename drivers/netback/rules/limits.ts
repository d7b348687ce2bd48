/** What a set of rules has at most, and why. */

/** Each packet may have to pass all of them: a millisecond of the slowest engine. */
export const RULES_MAX = 512;

/** Addresses or ranges of ports in one clause. */
export const CHOICES_MAX = 64;

/** A text: 512 lines of 128 characters. */
export const TEXT_MAX = 65_536;
