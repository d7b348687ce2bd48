/** Cases: what services rely on of the language, whichever engine runs them. */

import { group } from './case.ts';
import { expectEqual, expectThat } from './expect.ts';
import { faultOf, JOB_ORDER, jobOrder, LANGUAGE } from './language.ts';

const topics = Object.entries(LANGUAGE).map(([topic, rows]) => [
  topic,
  (): void => {
    const faults = rows.flatMap((row) => faultOf(row) ?? []);
    expectThat(faults.length === 0, faults.join('; '));
  },
]);

export const languageCases = group('language', {
  ...Object.fromEntries(topics),
  'jobs are done in the order in which they were asked for': async () => {
    expectEqual(await jobOrder(), JOB_ORDER, 'steps');
  },
});
