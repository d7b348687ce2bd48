/**
 * Which of dom0's devices are xtl's. All others are the kernel's, as ever.
 *
 * Block devices are told by their script, as xtl writes it and as xl does for `script=block-xtl`.
 * Vifs have scripts for other ends: those of xtl have a node that says so, which xtl writes for
 * `backendtype=xtl`.
 *
 * A disk that is in use goes from one to the other by a wish, a node that is there until it is
 * granted or refused: whoever serves it grants it by writing the other's script, in one transaction
 * with what makes sure that it serves no more, or can.
 */

/** Of the back end's directory, as all here. */
export const SCRIPT_NODE = 'script';
export const BLOCK_SCRIPT = 'block-xtl';
export const VIF_SERVER_NODE = 'xtl-server';

/** As toolstacks write it. */
export const BLOCK_SCRIPT_PATH = `/etc/xen/scripts/${BLOCK_SCRIPT}`;

/** For our back end: it is to take the disk over, and to write this script. */
export const TAKE_NODE = 'xtl-take';

/** For our back end: it is to let the disk go, and to write this script. */
export const RELEASE_NODE = 'xtl-release';

/** The script before ours. */
export const SCRIPT_BEFORE_NODE = 'xtl-script-before';

/** Only our back end says it: that it takes wishes, so that who asks knows who serves. */
export const OURS_NODE = 'feature-refresh';

/** What Linux's back end says when it has connected, and ours never (xen-blkback @ v6.12). */
export const PERSISTENT_NODE = 'feature-persistent';

/** Nodes whose change may make the device ours, or no more. */
export const DECIDING_NODES: readonly string[] = [SCRIPT_NODE, TAKE_NODE];

export function isOurScript(script: string | undefined): boolean {
  return script !== undefined && script.slice(script.lastIndexOf('/') + 1) === BLOCK_SCRIPT;
}

export function isOurVif(server: string | undefined): boolean {
  return server === 'xtl';
}

/** The vif's interface in dom0, until a script gives it another name. */
export const vifName = (frontend: number, device: number): string => `vif${frontend}.${device}`;
