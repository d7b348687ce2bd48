// The lists of packages: each once, and each Xen's own tools from the release that has them.
import { describe, expect, it } from 'vitest';
import { dom0Specs, guestSpecs } from './packages.ts';

it('no package is listed twice or from two releases', () => {
  const names = [...dom0Specs, ...guestSpecs].map((spec) => spec.split('/')[0]);
  expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
});

describe('each Xen comes with its own hypervisor, tools and libraries', () => {
  it.each([
    ['4.17', 'bookworm'],
    ['4.20', 'trixie'],
  ])('%s from %s', (xen, suite) => {
    const ours = dom0Specs.filter((spec) => spec.includes(xen));
    expect(ours).toEqual([
      `xen-hypervisor-${xen}-amd64/${suite}`,
      `xen-utils-${xen}/${suite}`,
      `libxenmisc${xen}/${suite}`,
    ]);
  });
});
