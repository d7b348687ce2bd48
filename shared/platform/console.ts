/**
 * Port: where a service's own lines go (stderr, a stub domain's console ring, a simulator's list).
 */

export interface Console {
  /** One line, without its newline. Never blocks, never fails; what does not fit is dropped. */
  line(text: string): void;
}
