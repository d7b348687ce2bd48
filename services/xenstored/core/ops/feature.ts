/**
 * GET_FEATURE, SET_FEATURE, GET_QUOTA and SET_QUOTA (tools/xenstored/domain.c @ RELEASE-4.22.0).
 */

import { atoi } from '../../../../shared/xenstore/c-number.ts';
import type { WireError } from '../../../../shared/xenstore/errors.ts';
import { existingDomain } from '../accounts.ts';
import { stringsOf } from '../arguments.ts';
import { changeQuota } from '../change-quota.ts';
import type { Domain } from '../domain.ts';
import type { Quotas } from '../quota.ts';
import { quotaByWireName, WIRE_ORDER } from '../quota.ts';
import { ack, replyText } from '../reply.ts';
import type { Request } from '../state.ts';

function domainOf(rq: Request, text: string): Domain | WireError {
  if (!/^[0-9]{1,5}$/.test(text) || Number(text) > 0xffff) return 'EINVAL';
  return existingDomain(rq.state, Number(text)) ?? 'ENOENT';
}

export function getFeature(rq: Request): WireError | undefined {
  const { connection, state } = rq;
  const [text, ...rest] = stringsOf(rq);
  if (text === undefined) {
    replyText(rq, `${connection.domain?.features ?? state.features}\0`);
    return undefined;
  }
  if (!connection.privileged) return 'EACCES';
  if (rest.length > 0) return 'EINVAL';
  const domain = domainOf(rq, text);
  if (typeof domain === 'string') return domain;
  replyText(rq, `${domain.features}\0`);
  return undefined;
}

export function setFeature(rq: Request): WireError | undefined {
  const texts = stringsOf(rq);
  if (texts.length !== 2) return 'EINVAL';
  const domain = domainOf(rq, texts[0] as string);
  if (typeof domain === 'string') return domain;
  if (domain.introduced) return 'EBUSY';
  const features = atoi(texts[1] as string);
  if ((features & ~rq.state.features) !== 0) return 'EINVAL';
  domain.features = features;
  ack(rq);
  return undefined;
}

export function getQuota(rq: Request): WireError | undefined {
  const { state } = rq;
  const texts = stringsOf(rq);
  if (texts.length > 2) return 'EINVAL';
  const name = texts.at(-1);
  if (name === undefined) {
    replyText(rq, `${WIRE_ORDER.join(' ')}\0`);
    return undefined;
  }
  let own: Partial<Quotas> = {};
  if (texts.length === 2) {
    const domain = domainOf(rq, texts[0] as string);
    if (typeof domain === 'string') return domain;
    own = domain.ownQuotas;
  }
  const key = quotaByWireName(name);
  if (key === undefined) return 'EINVAL';
  replyText(rq, `${own[key] ?? state.quotas[key]}\0`);
  return undefined;
}

export function setQuota(rq: Request): WireError | undefined {
  const texts = stringsOf(rq);
  if (texts.length < 2 || texts.length > 3) return 'EINVAL';
  const domain = texts.length === 3 ? domainOf(rq, texts[0] as string) : undefined;
  if (typeof domain === 'string') return domain;
  const key = quotaByWireName(texts.at(-2) as string);
  const value = atoi(texts.at(-1) as string);
  if (key === undefined || value < 0) return 'EINVAL';
  changeQuota(rq.state, domain, key, value);
  ack(rq);
  return undefined;
}
