/** Images that only tests have. */

import { type Relinked, relink } from '../../deploy/relink/relink.ts';
import { repoRoot } from '../lab/paths.ts';

/** The entry of an image of the tests. */
export const entryOf = (name: string): string => `test/kernel/images/${name}/main.stubdom.ts`;

/** They share one engine, which is compiled once. */
const ALONGSIDE = ['hello', 'faults', 'privileged', 'cases', 'exchange', 'vchan-echo'].map(entryOf);

export const linkImage = (name: string, out: string): Promise<Relinked> =>
  relink({ root: repoRoot, service: entryOf(name), out, alongside: ALONGSIDE });
