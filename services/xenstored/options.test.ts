import { describe, expect, it } from 'vitest';
import { must } from '../../shared/core/result.ts';
import { DEFAULT_QUOTAS } from './core/quota.ts';
import { type DaemonOptions, parseOptions, USAGE } from './options.ts';

const DEFAULTS = must(parseOptions([]));

it('without options it forks, serves domains, and leaves the quotas as they are', () => {
  expect(DEFAULTS).toEqual({
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
  });
});

describe('takes what C xenstored takes', () => {
  const rows: readonly (readonly [string, Partial<DaemonOptions>])[] = [
    ['-N', { fork: false }],
    ['--no-fork', { fork: false }],
    ['--no-f', { fork: false }],
    ['-H', { help: true }],
    ['-P', { outputPid: true }],
    ['-D', { domains: false }],
    ['-K', { keepOrphans: true }],
    ['--pid-file /run/x.pid', { pidFile: '/run/x.pid' }],
    ['--pid-file=/run/x.pid', { pidFile: '/run/x.pid' }],
    ['-F/run/x.pid', { pidFile: '/run/x.pid' }],
    ['-F /run/x.pid -N', { pidFile: '/run/x.pid', fork: false }],
    ['-NF /run/x.pid', { pidFile: '/run/x.pid', fork: false }],
    ['-T /var/log/t', { traceFile: '/var/log/t' }],
    ['-p 1', { privDomid: 1 }],
    ['-E 7', { quotas: { nodes: 7 } }],
    ['-S 7', { quotas: { nodeSize: 7 } }],
    ['-W 7', { quotas: { watches: 7 } }],
    ['-t 7', { quotas: { transactions: 7 } }],
    ['-A 7', { quotas: { permissions: 7 } }],
    ['-M 7', { quotas: { pathMax: 7 } }],
    ['-M 99999', { quotas: { pathMax: 2048 } }],
    ['-Q memory=7 --quota outstanding=8', { quotas: { memory: 7, outstanding: 8 } }],
    ['-Q transaction-nodes=0', { quotas: { transactionNodes: 0 } }],
    ['-Q nodes=1 -Q watches=2', { quotas: { nodes: 1, watches: 2 } }],
    ['-q memory=7', { quotas: { softMemory: 7 } }],
    ['-w watch-event=5', { eventTimeoutMs: 5000 }],
    ['--event 5', { event: 5 }],
  ];
  it.each(rows)('%s', (line, expected) => {
    expect(must(parseOptions(line.split(' ')))).toEqual({ ...DEFAULTS, ...expected });
  });

  it.each(['-I', '-Ioff', '--internal-db=on', '-R', '-V', '-m 0', '--trace-control=+io'])(
    '%s, and says why it means nothing',
    (line) => {
      const options = must(parseOptions(line.split(' ')));
      expect(options.ignored).toHaveLength(1);
      expect(options).toEqual({ ...DEFAULTS, ignored: options.ignored });
    },
  );
});

describe('refuses, and names it', () => {
  it.each([
    ['-Z', 'unknown option -Z'],
    ['--zeal', 'unknown option --zeal'],
    ['--no', 'option --no is ambiguous'],
    ['-F', 'option -F needs an argument'],
    ['--no-fork=1', 'option --no-fork takes no argument'],
    ['-N store', "no arguments are wanted, but there is 'store'"],
    ['-E many', "--entry-nb needs a number, not 'many'"],
    ['-E 2147483648', "--entry-nb needs a number, not '2147483648'"],
    ['-E -1', "--entry-nb needs a number, not '-1'"],
    ['-Q memory', "--quota needs <what>=<number>, not 'memory'"],
    ['-Q toString=1', "--quota knows no 'toString'"],
    ['-q nodes=1', "--quota-soft knows no 'nodes'"],
    ['-w boot=1', "--timeout knows no 'boot'"],
    ['-U', 'live update is not there yet'],
  ])('%s: %s', (line, what) => {
    expect(parseOptions(line.split(' '))).toMatchObject({ ok: false, error: { what } });
  });
});

it('the usage names every default', () => {
  for (const value of Object.values(DEFAULT_QUOTAS)) expect(USAGE).toContain(`(${value})`);
});
