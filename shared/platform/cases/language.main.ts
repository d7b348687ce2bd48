/** Fails where the engine does not have the language as services rely on it. */

import { faultOf, JOB_ORDER, jobOrder, LANGUAGE } from './language.ts';

const faults = Object.values(LANGUAGE).flatMap((rows) => rows.flatMap((row) => faultOf(row) ?? []));
const order = await jobOrder();
if (order !== JOB_ORDER) faults.push(`jobs: ${order}`);
if (faults.length > 0) throw new Error(faults.join('; '));
