/**
 * The daemon's command line: C xenstored's options, of Xen 4.17 and of later ones (usage() in
 * xenstored_core.c @ RELEASE-4.17.7, tools/xenstored/core.c @ RELEASE-4.22.0).
 */

import { XENSTORE_REL_PATH_MAX } from '../../shared/abi/xs-wire.ts';
import { fail, ok, type Result } from '../../shared/core/result.ts';
import { DEFAULT_QUOTAS, type Quotas } from './core/quota.ts';
import { type GivenOption, getopt, type OptionRule } from './getopt.ts';

export interface DaemonOptions {
  help: boolean;
  /** Goes on in the background once it serves. */
  fork: boolean;
  /** Prints its process id once it serves. */
  outputPid: boolean;
  pidFile: string | undefined;
  traceFile: string | undefined;
  /** False: only the socket is served, on a machine without Xen. */
  domains: boolean;
  keepOrphans: boolean;
  privDomid: number;
  /** The port that dom0's kernel offers to a xenstore domain. */
  event: number | undefined;
  eventTimeoutMs: number;
  readonly quotas: Partial<Quotas>;
  /** Options that mean nothing here, each with the reason. */
  readonly ignored: string[];
}

const rule = (
  letter: string | undefined,
  name: string,
  argument: OptionRule['argument'] = 'none',
): OptionRule => ({ ...(letter === undefined ? {} : { letter }), name, argument });

const RULES: readonly OptionRule[] = [
  rule('D', 'no-domain-init'),
  rule('E', 'entry-nb', 'required'),
  rule('F', 'pid-file', 'required'),
  rule('e', 'event', 'required'),
  rule('m', 'master-domid', 'required'),
  rule('H', 'help'),
  rule('N', 'no-fork'),
  rule('p', 'priv-domid', 'required'),
  rule('P', 'output-pid'),
  rule('S', 'entry-size', 'required'),
  rule('T', 'trace-file', 'required'),
  rule(undefined, 'trace-control', 'required'),
  rule('t', 'transaction', 'required'),
  rule('A', 'perm-nb', 'required'),
  rule('M', 'path-max', 'required'),
  rule('Q', 'quota', 'required'),
  rule('q', 'quota-soft', 'required'),
  rule('w', 'timeout', 'required'),
  rule('R', 'no-recovery'),
  rule('I', 'internal-db', 'optional'),
  rule('K', 'keep-orphans'),
  rule('V', 'verbose'),
  rule('W', 'watch-nb', 'required'),
  rule('U', 'live-update'),
];

const IGNORED: Readonly<Record<string, string>> = {
  'master-domid': 'the store runs in dom0',
  'trace-control': 'everything is traced while there is a trace file',
  'no-recovery': 'the store is never corrupted on disk, it is not there',
  'internal-db': 'the store is always in memory',
  verbose: 'the trace file shows all requests',
};

/** Options of their own for a quota, each with a number. */
const QUOTA_OPTIONS: Readonly<Record<string, keyof Quotas>> = {
  'entry-nb': 'nodes',
  'entry-size': 'nodeSize',
  transaction: 'transactions',
  'perm-nb': 'permissions',
  'path-max': 'pathMax',
  'watch-nb': 'watches',
};

const QUOTAS: Readonly<Record<string, keyof Quotas>> = {
  'transaction-nodes': 'transactionNodes',
  memory: 'memory',
  outstanding: 'outstanding',
  nodes: 'nodes',
  'node-permissions': 'permissions',
  'node-size': 'nodeSize',
  'path-max': 'pathMax',
  'path-length': 'pathMax',
  transactions: 'transactions',
  watches: 'watches',
};

const INT_MAX = 0x7fffffff;

function numberOf(option: string, text: string): Result<number> {
  const number = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  return number <= INT_MAX ? ok(number) : fail('EINVAL', `${option} needs a number, not '${text}'`);
}

function setQuota(options: DaemonOptions, key: keyof Quotas, value: number): void {
  options.quotas[key] = key === 'pathMax' ? Math.min(value, XENSTORE_REL_PATH_MAX) : value;
}

/** `what=number`, as --quota, --quota-soft and --timeout take it. */
function pairOf(option: string, text: string): Result<readonly [string, number]> {
  const equals = text.indexOf('=');
  if (equals < 0) return fail('EINVAL', `${option} needs <what>=<number>, not '${text}'`);
  const number = numberOf(option, text.slice(equals + 1));
  return number.ok ? ok([text.slice(0, equals), number.value]) : number;
}

function applyPair(options: DaemonOptions, name: string, text: string): Result<void> {
  const pair = pairOf(`--${name}`, text);
  if (!pair.ok) return pair;
  const [what, value] = pair.value;
  if (name === 'timeout' && what === 'watch-event') options.eventTimeoutMs = value * 1000;
  else if (name === 'quota-soft' && what === 'memory') options.quotas.softMemory = value;
  else if (name === 'quota' && Object.hasOwn(QUOTAS, what)) {
    setQuota(options, QUOTAS[what] as keyof Quotas, value);
  } else return fail('EINVAL', `--${name} knows no '${what}'`);
  return ok();
}

function apply(options: DaemonOptions, { name, argument = '' }: GivenOption): Result<void> {
  const quota = QUOTA_OPTIONS[name];
  if (quota !== undefined || name === 'priv-domid' || name === 'event') {
    const number = numberOf(`--${name}`, argument);
    if (!number.ok) return number;
    if (quota !== undefined) setQuota(options, quota, number.value);
    else if (name === 'event') options.event = number.value;
    else options.privDomid = number.value;
    return ok();
  }
  if (name === 'help') options.help = true;
  else if (name === 'no-fork') options.fork = false;
  else if (name === 'output-pid') options.outputPid = true;
  else if (name === 'pid-file') options.pidFile = argument;
  else if (name === 'trace-file') options.traceFile = argument;
  else if (name === 'no-domain-init') options.domains = false;
  else if (name === 'keep-orphans') options.keepOrphans = true;
  else if (name === 'live-update') return fail('EOPNOTSUPP', 'live update is not there yet');
  else if (IGNORED[name] !== undefined) options.ignored.push(`--${name}: ${IGNORED[name]}`);
  else return applyPair(options, name, argument);
  return ok();
}

/** What the words after the program's name ask for. EINVAL says which of them is wrong. */
export function parseOptions(words: readonly string[]): Result<DaemonOptions> {
  const given = getopt(RULES, words);
  if (!given.ok) return given;
  const options: DaemonOptions = {
    help: false,
    fork: true,
    outputPid: false,
    pidFile: undefined,
    traceFile: undefined,
    domains: true,
    keepOrphans: false,
    privDomid: 0,
    event: undefined,
    eventTimeoutMs: 20_000,
    quotas: {},
    ignored: [],
  };
  for (const option of given.value) {
    const applied = apply(options, option);
    if (!applied.ok) return applied;
  }
  return ok(options);
}

const { nodes, nodeSize, watches, transactions, permissions, pathMax } = DEFAULT_QUOTAS;
const { transactionNodes, memory, outstanding, softMemory } = DEFAULT_QUOTAS;

export const USAGE = `usage: xenstored [options]

The Xen store: serves dom0's tools on a socket and domains on their rings.

  -N, --no-fork             stay in the foreground, log to standard error
  -F, --pid-file FILE       write the process id to FILE
  -P, --output-pid          print the process id
  -T, --trace-file FILE     write every request, reply and event to FILE
  -D, --no-domain-init      serve the socket only, without Xen
  -K, --keep-orphans        keep the nodes of dead domains, as dom0's
  -p, --priv-domid DOMID    a domain with dom0's rights
  -w, --timeout WHAT=SECONDS
        watch-event         how long a domain may leave an event unread (20)

Limits of each domain (0: no limit):
  -E, --entry-nb N          nodes (${nodes})
  -S, --entry-size N        bytes of a node (${nodeSize})
  -W, --watch-nb N          watches (${watches})
  -t, --transaction N       transactions (${transactions})
  -A, --perm-nb N           permissions of a node (${permissions})
  -M, --path-max N          length of a path (${pathMax})
  -Q, --quota WHAT=N        transaction-nodes (${transactionNodes}), memory (${memory}),
                            outstanding requests (${outstanding}); also nodes, node-permissions,
                            node-size, path-max, transactions, watches
  -q, --quota-soft memory=N where a warning is logged (${softMemory})

Options of C xenstored that mean nothing here are taken and mentioned in the log.
Exit status: 0 if it serves (in the background) or was told to end, 1 if not; a line says why.
`;
