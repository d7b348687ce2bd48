/** The command xtl. */

import { dieOf } from '../shared/platform/unix/held-signals.ts';
import { signalOf } from './output/exit.ts';
import { runProgram } from './program.ts';
import { unixContext } from './unix/context.ts';
import { givenWords } from './unix/words.ts';

const context = unixContext();
const exit = await runProgram(context, givenWords());
await context.close();
process.exitCode = exit;
const signal = signalOf(exit);
if (signal !== undefined) dieOf(signal);
