/** INTRODUCE, RELEASE, RESUME, SET_TARGET, GET_DOMAIN_PATH and IS_DOMAIN_INTRODUCED. */

import { atoi } from '../../../../shared/xenstore/c-number.ts';
import { toWireError, type WireError } from '../../../../shared/xenstore/errors.ts';
import { domainPath } from '../../../../shared/xenstore/paths.ts';
import { oneString, stringsOf } from '../arguments.ts';
import type { Domain } from '../domain.ts';
import { destroyDomain, introduceDomain } from '../lifecycle.ts';
import { ack, replyText } from '../reply.ts';
import type { Request } from '../state.ts';

/** xen.h @ RELEASE-4.17.0. */
const DOMID_SELF = 0x7ff0;

/** A domain whose ring is served: ENOENT for any other. */
function served(rq: Request, text: string): Domain | 'ENOENT' {
  const domain = rq.state.domains.get(atoi(text) >>> 0);
  return domain?.introduced && domain.connection !== undefined ? domain : 'ENOENT';
}

/** The domain that the only argument names; dom0 is not for these operations. */
function oneDomain(rq: Request): Domain | WireError {
  const text = oneString(rq);
  if (text === undefined || atoi(text) === 0) return 'EINVAL';
  return served(rq, text);
}

export function introduce(rq: Request): WireError | undefined {
  const { state } = rq;
  const texts = stringsOf(rq);
  if (texts.length < 3) return 'EINVAL';
  const domid = atoi(texts[0] as string) >>> 0;
  const port = atoi(texts[2] as string);
  if (port <= 0) return 'EINVAL';
  const introduced = introduceDomain(
    state,
    domid,
    (connection) => state.host.introduce(connection, port),
    (connection) => state.host.reintroduce(connection, port),
  );
  if (!introduced.ok) return toWireError(introduced.error.errno);
  ack(rq);
  return undefined;
}

export function release(rq: Request): WireError | undefined {
  const domain = oneDomain(rq);
  if (typeof domain === 'string') return domain;
  destroyDomain(rq.state, domain);
  if (!rq.connection.ignored) ack(rq);
  return undefined;
}

export function resume(rq: Request): WireError | undefined {
  const domain = oneDomain(rq);
  if (typeof domain === 'string') return domain;
  domain.shutdown = false;
  ack(rq);
  return undefined;
}

export function setTarget(rq: Request): WireError | undefined {
  const texts = stringsOf(rq);
  if (texts.length < 2) return 'EINVAL';
  const domain = served(rq, texts[0] as string);
  if (typeof domain === 'string') return domain;
  const target = served(rq, texts[1] as string);
  if (typeof target === 'string') return target;
  if (domain.connection !== undefined) domain.connection.target = target.connection;
  ack(rq);
  return undefined;
}

export function getDomainPath(rq: Request): WireError | undefined {
  const text = oneString(rq);
  if (text === undefined) return 'EINVAL';
  replyText(rq, `${domainPath(atoi(text))}\0`);
  return undefined;
}

export function isDomainIntroduced(rq: Request): WireError | undefined {
  const text = oneString(rq);
  if (text === undefined) return 'EINVAL';
  const domid = atoi(text);
  const known = domid === DOMID_SELF || rq.state.domains.get(domid >>> 0)?.introduced === true;
  replyText(rq, known ? 'T\0' : 'F\0');
  return undefined;
}
