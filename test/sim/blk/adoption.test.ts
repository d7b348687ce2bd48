/** What a backend needs to take over from one that died, whatever it serves. */

import { expect, it } from 'vitest';
import { openAdoption } from './adoption-scene.ts';

it.each([
  ['one disk', 1, 1],
  ['one disk with a ring of many pages', 1, 2],
  ['eight disks', 8, 1],
  ['eight disks with rings of many pages', 8, 2],
])('three round trips to the store and one mapping for each: %s', async (_, disks, ringPages) => {
  const scene = await openAdoption(disks, ringPages);
  for (let death = 0; death < 3; death++) {
    const { adoptions, mappings } = await scene.die();
    expect(adoptions).toHaveLength(disks);
    expect(mappings).toBe(disks);
    for (const { trips, tripsBefore, line } of adoptions) {
      expect(trips, line).toBeLessThanOrEqual(3);
      // To hear of all disks there are, however many.
      expect(tripsBefore).toBeLessThanOrEqual(3);
      expect(line.replaceAll(/[0-9.]+(?= ms|,|\))/g, 'N')).toMatch(
        /: goes on after N ms \(its keys N, its disk N, its frontend N, journal and rings N\)$/,
      );
    }
  }
});
