// @ts-check
// How programs of dom0 are started: nobody from outside debugs a process that holds root's rights.

/** What Node would let a caller's environment do: debug, run code of its own, write files. */
const FROM_OUTSIDE = ['NODE_OPTIONS', 'NODE_PATH', 'NODE_REDIRECT_WARNINGS', 'NODE_V8_COVERAGE'];

/**
 * The first statement of a program, and of each of its parts, since parts run before it. Node opens
 * its inspector at SIGUSR1 to every user of the machine, unless somebody else hears the signal.
 * Until then, from exec to here, it still would: the 30 ms or so of Node's own start, to which
 * Node 20 has no switch.
 */
export const GUARD = "if(!process.listenerCount('SIGUSR1'))process.on('SIGUSR1',()=>{});";

/**
 * A file of that name that starts NAME.mjs beside it. To a shell it is three commands, by which the
 * variables are gone before Node looks at them; to Node its second line is a string and a comment.
 * Who starts Node by hand has the variables.
 * @type {(name: string) => string}
 */
export const launcher = (name) =>
  [
    '#!/bin/sh',
    `':' //; unset ${FROM_OUTSIDE.join(' ')}; exec node "$0" "$@"`,
    GUARD,
    `import('./${name}.mjs');`,
    '',
  ].join('\n');
