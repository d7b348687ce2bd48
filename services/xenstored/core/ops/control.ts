/** CONTROL: commands to the store itself (xenstored_control.c @ RELEASE-4.17.7). */

import { atoi } from '../../../../shared/xenstore/c-number.ts';
import { toWireError, type WireError } from '../../../../shared/xenstore/errors.ts';
import { stringsOf } from '../arguments.ts';
import { changeQuota } from '../change-quota.ts';
import { checkStore } from '../check.ts';
import type { HostCommand } from '../host.ts';
import type { QuotaName } from '../quota.ts';
import { HARD, SOFT } from '../quota.ts';
import { ack, replyText } from '../reply.ts';
import type { Request } from '../state.ts';

type Command = (rq: Request, args: readonly string[]) => WireError | undefined;

function ask(rq: Request, command: HostCommand): WireError | undefined {
  const done = rq.state.host.control(command);
  if (!done.ok) return toWireError(done.error.errno);
  ack(rq);
  return undefined;
}

const check: Command = (rq, args) => {
  if (args.length > 0) return 'EINVAL';
  for (const line of checkStore(rq.state)) rq.state.host.report(line);
  ack(rq);
  return undefined;
};

const log: Command = (rq, [word, ...rest]) => {
  if (rest.length > 0 || (word !== 'on' && word !== 'off')) return 'EINVAL';
  return ask(rq, { what: 'log', on: word === 'on' });
};

const logfile: Command = (rq, [path, ...rest]) =>
  path === undefined || rest.length > 0 ? 'EINVAL' : ask(rq, { what: 'logfile', path });

const memreport: Command = (rq, [path, ...rest]) =>
  rest.length > 0 ? 'EINVAL' : ask(rq, { what: 'memreport', path });

const print: Command = (rq, [text, ...rest]) =>
  text === undefined || rest.length > 0 ? 'EINVAL' : ask(rq, { what: 'print', text });

function showQuotas(rq: Request, names: readonly QuotaName[]): undefined {
  const lines = names.map(
    ({ key, name, what }) =>
      `${name.padEnd(17)}: ${String(rq.state.quotas[key]).padStart(8)} ${what}\n`,
  );
  replyText(rq, `Quota settings:\n${lines.join('')}\0`);
}

function setQuota(
  rq: Request,
  args: readonly string[],
  names: readonly QuotaName[],
): WireError | undefined {
  const [name, text, ...rest] = args;
  if (name === undefined || text === undefined || rest.length > 0) return 'EINVAL';
  const value = atoi(text);
  const quota = names.find((each) => each.name === name);
  if (value < 1 || quota === undefined) return 'EINVAL';
  changeQuota(rq.state, undefined, quota.key, value);
  ack(rq);
  return undefined;
}

function showDomain(rq: Request, text: string): WireError | undefined {
  const domid = atoi(text) >>> 0;
  const domain = rq.state.domains.get(domid);
  if (domain === undefined) return 'ENOENT';
  const rows: readonly [string, number][] = [
    ['nodes', domain.nodes],
    ['watches', domain.watches],
    ['transactions', domain.connection?.transactions.size ?? 0],
    ['outstanding', domain.outstanding],
    ['memory', domain.memory],
  ];
  const lines = rows.map(([name, value]) => `${name.padEnd(16)}: ${String(value).padStart(8)}\n`);
  replyText(rq, `Domain ${domid}:\n${lines.join('')}\0`);
  return undefined;
}

const quota: Command = (rq, args) => {
  const [first, ...rest] = args;
  if (first === undefined) return showQuotas(rq, HARD);
  if (first === 'set') return setQuota(rq, rest, HARD);
  return rest.length > 0 ? 'EINVAL' : showDomain(rq, first);
};

const quotaSoft: Command = (rq, args) => {
  const [first, ...rest] = args;
  if (first === undefined) return showQuotas(rq, SOFT);
  return first === 'set' ? setQuota(rq, rest, SOFT) : 'EINVAL';
};

/** Any reply but OK tells xenstore-control that it failed, and is shown to the user. */
const liveUpdate: Command = (rq, args) => {
  if (args.length === 0) return 'EINVAL';
  replyText(rq, 'live-update: this xenstored cannot be updated while it runs\0');
  return undefined;
};

const help: Command = (rq, args) => {
  if (args.length > 0) return 'EINVAL';
  const lines = COMMANDS.map(([name, , usage]) => `${name}\t${usage}\n`);
  replyText(rq, `${lines.join('')}\0`);
  return undefined;
};

const COMMANDS: readonly (readonly [string, Command, string])[] = [
  ['check', check, ''],
  ['log', log, 'on|off'],
  ['live-update', liveUpdate, '(not yet)'],
  ['logfile', logfile, '<file>'],
  ['memreport', memreport, '[<file>]'],
  ['print', print, '<string>'],
  ['quota', quota, '[set <name> <val>|<domid>]'],
  ['quota-soft', quotaSoft, '[set <name> <val>]'],
  ['help', help, ''],
];

export function control(rq: Request): WireError | undefined {
  const [name, ...args] = stringsOf(rq);
  const command = COMMANDS.find(([known]) => known === name);
  return command === undefined ? 'EINVAL' : command[1](rq, args);
}
