/**
 * All that tests of commands use, in one place: the build bundles it by the settings of the
 * command itself, and tests run that bundle (`bundled.ts`).
 */

export { fakeContext, runXtl } from './context.ts';
export { fakePty } from './pty.ts';
export { simMachine } from './sim-host.ts';
export { fakeTerminal } from './terminal.ts';
