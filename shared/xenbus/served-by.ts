/**
 * Which of dom0's devices are xtl's. All others are the kernel's, as ever.
 *
 * Block devices are told by their script, as xtl writes it and as xl does for `script=block-xtl`.
 * Vifs have scripts for other ends: those of xtl have a node that says so, which xtl writes for
 * `backendtype=xtl`.
 */

/** Of the back end's directory. */
export const SCRIPT_NODE = 'script';
export const BLOCK_SCRIPT = 'block-xtl';
export const VIF_SERVER_NODE = 'xtl-server';

export function isOurScript(script: string | undefined): boolean {
  return script !== undefined && script.slice(script.lastIndexOf('/') + 1) === BLOCK_SCRIPT;
}

export function isOurVif(server: string | undefined): boolean {
  return server === 'xtl';
}

/** The vif's interface in dom0, until a script gives it another name. */
export const vifName = (frontend: number, device: number): string => `vif${frontend}.${device}`;
