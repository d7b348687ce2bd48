/** Whether a xenstored that takes connections answers, too. */

import { fail, ok, type Result } from '../shared/core/result.ts';
import type { Clock } from '../shared/platform/clock.ts';
import type { XenstoreClient } from '../shared/xenstore/client.ts';

/** How long it may take to. */
const ANSWER_MS = 5000;

/** The client, once its store has answered; closed, and ETIMEDOUT, if it does not. */
export async function onceItAnswers(
  store: XenstoreClient,
  clock: Pick<Clock, 'after'>,
): Promise<Result<XenstoreClient>> {
  let cancel = (): void => {};
  const late = new Promise<Result<never>>((resolve) => {
    cancel = clock.after(ANSWER_MS, () => resolve(fail('ETIMEDOUT', 'xenstored does not answer')));
  });
  const answer = await Promise.race([store.directory('/'), late]);
  cancel();
  if (answer.ok) return ok(store);
  store.close();
  return answer;
}
