/** The switch against a model, by seed. */

import { deepEqual } from 'node:assert/strict';
import { expect, it } from 'vitest';
import { prng } from '../../../shared/core/prng.ts';
import { must } from '../../../shared/core/result.ts';
import * as model from '../../../test/net/switch-model.ts';
import { newBox, switchScene } from '../../../test/net/switch-scene.ts';

it.each([1, 2, 3, 4, 5, 6, 7, 8])('does what a model does, seed %i', (seed) => {
  const random = prng(seed);
  const box = newBox();
  let scene = switchScene({ ports: {}, box });
  const plain: model.SwitchModel = { ports: new Map(), stations: new Map() };
  const free = [...model.MACS];
  for (let number = 1; number <= 5; number++) {
    const config = model.randomConfig(random, number, free);
    must(scene.net.open(number, config));
    model.openModelPort(plain, number, config);
  }
  let nowMs = 0;
  let delivered = 0;
  for (let i = 0; i < 1000; i++) {
    const number = 1 + random.below(5);
    const frame = model.randomFrame(random);
    const want = model.expected(plain, number, frame);
    const got = scene.send(number, model.frameBytes(frame));
    const sort = (one: Iterable<[number, number[]]>) => [...one].sort(([a], [b]) => a - b);
    deepEqual(sort(got), sort(want));
    delivered += got.length;
    // No port's floods come to their limit.
    nowMs += random.chance(0.02) ? 1000 : 10;
    if (random.chance(0.01)) {
      nowMs += 400_000;
      model.ageAll(plain);
      for (let tick = 0; tick < 6; tick++) scene.tick(nowMs + 1000 * tick);
      nowMs += 6000;
    }
    scene.tick(nowMs);
    if (random.chance(0.02)) {
      const config = plain.ports.get(number);
      scene.net.close(number);
      model.closeModelPort(plain, number);
      if (config) {
        must(scene.net.open(number, config));
        model.openModelPort(plain, number, config);
      }
    }
    if (random.chance(0.02)) {
      // Another backend, with the memory of this one.
      scene = switchScene({ ports: Object.fromEntries(plain.ports), box, nowMs });
    }
  }
  expect(delivered).toBeGreaterThan(100);
});
