/** A ring that is taken on: from its start, or from where a predecessor left it. */

import { claim, disown, ownerOf } from '../../../shared/backend/claim.ts';
import { fail, ok, type Result } from '../../../shared/core/result.ts';
import { publishedRequests, publishedResponses } from '../../../shared/ring/io-ring.ts';
import { type Identity, identityWords, JOURNAL_VERSION } from './identity.ts';
import { clearJournal, recover } from './journal.ts';
import { adoptQueue, beginQueue, type Queue, type QueueParts } from './queue.ts';

/** For a ring that begins. */
export function openNewQueue(parts: QueueParts, identity: Identity): Queue {
  const { journal } = parts;
  disown(journal.region);
  clearJournal(journal, 0);
  claim(journal.region, identityWords(identity));
  return beginQueue(parts);
}

/**
 * For a ring that was served before. EPROTO: its journal does not add up, or is another build's.
 * What was answered may lie where requests are that it alone knows, so that there is no going on
 * without it.
 */
export function openServedQueue(parts: QueueParts, identity: Identity): Result<Queue> {
  const { region, journal } = parts;
  const rspProd = publishedResponses(region);
  const owner = ownerOf(journal.region, identityWords(identity));
  if (owner === 'damaged') return fail('EPROTO', 'its journal is damaged');
  if (typeof owner === 'number') {
    const what = `its journal is of version ${owner}, and this backend knows ${JOURNAL_VERSION}`;
    return fail('EPROTO', `${what}: the one that wrote it can go on, or end and leave none`);
  }
  if (owner === 'lost' && publishedRequests(region) !== rspProd) {
    // What was answered may be among them, and what was taken need not be.
    return fail('EPROTO', 'requests are under way, and their journal is lost');
  }
  if (owner === 'other' || owner === 'lost') {
    // One whose requests nobody has noted goes on from what was answered: all before was.
    disown(journal.region);
    clearJournal(journal, rspProd);
    claim(journal.region, identityWords(identity));
    return ok(adoptQueue(parts, { reqCons: rspProd, rspProd, answered: [], left: [] }));
  }
  const recovered = recover(journal, rspProd, publishedRequests(region));
  if (typeof recovered === 'string') return fail('EPROTO', `its journal: ${recovered}`);
  return ok(adoptQueue(parts, recovered));
}
