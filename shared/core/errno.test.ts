import { constants } from 'node:os';
import { expect, it } from 'vitest';
import { ERRNO, errnoName } from './errno.ts';

it('has the numbers of Linux', () => {
  const { errno } = constants;
  for (const [name, number] of Object.entries(ERRNO)) {
    // Node has no name for this one, which Xen uses within itself and its tools see.
    if (name === 'ERESTART') expect(number).toBe(85);
    else expect(errno[name as keyof typeof errno], name).toBe(number);
  }
});

it('names every number it has, of either sign', () => {
  for (const [name, number] of Object.entries(ERRNO)) {
    expect(errnoName(number)).toBe(name);
    expect(errnoName(-number)).toBe(name);
  }
});

it.each([0, 9999, -4095, 0.5, Number.NaN])('calls %d, which has no name, EIO', (number) => {
  expect(errnoName(number)).toBe('EIO');
});
