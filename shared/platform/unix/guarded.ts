/** Callbacks that native code calls. */

/**
 * koffi loses what a callback throws: an error of ours ends the process as it would elsewhere.
 */
export function guarded(then: () => void): () => void {
  return () => {
    try {
      then();
    } catch (thrown) {
      process.nextTick(() => {
        throw thrown;
      });
    }
  };
}
