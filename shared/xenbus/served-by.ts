/**
 * Which of dom0's block devices are xtl's: those with its script, as xtl writes it and as xl does
 * for `script=block-xtl`. All others are the kernel's, as ever.
 */

/** Of the back end's directory. */
export const SCRIPT_NODE = 'script';

export const BLOCK_SCRIPT = 'block-xtl';

export function isOurScript(script: string | undefined): boolean {
  return script !== undefined && script.slice(script.lastIndexOf('/') + 1) === BLOCK_SCRIPT;
}
