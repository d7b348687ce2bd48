/** Port: time. Cores and drivers know no other clock, so that a simulation owns it. */

export interface Clock {
  /** Monotonic, from an arbitrary start. Fractions count. */
  nowMs(): number;
  /** Since 1970-01-01 UTC. */
  wallMs(): number;
  sleep(ms: number): Promise<void>;
  /** Calls `then` once after `ms`; the returned function takes that back. */
  after(ms: number, then: () => void): () => void;
}
