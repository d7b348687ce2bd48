/** The command xtl. */

import { runProgram } from './program.ts';
import { unixContext } from './unix/context.ts';

const context = unixContext();
process.exitCode = await runProgram(context, process.argv.slice(2));
await context.close();
