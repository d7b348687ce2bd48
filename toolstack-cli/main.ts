/** The command xtl. */

import { dieOf } from '../shared/platform/unix/held-signals.ts';
import { signalOf } from './output/exit.ts';
import { runProgram } from './program.ts';
import { unixContext } from './unix/context.ts';

const context = unixContext();
const exit = await runProgram(context, process.argv.slice(2));
await context.close();
process.exitCode = exit;
const signal = signalOf(exit);
if (signal !== undefined) dieOf(signal);
