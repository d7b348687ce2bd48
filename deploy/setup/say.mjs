// @ts-check
// How the set-up speaks: plain lines on stderr, since stdout belongs to the task.

/** @type {(text: string) => void} */
export const say = (text) => void process.stderr.write(`xtl: ${text}\n`);

/**
 * Says why, and returns the status to end with.
 * @type {(text: string, status?: number) => number}
 */
export const fail = (text, status = 1) => {
  say(text);
  return status;
};
