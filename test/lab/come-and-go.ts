// Guests that come and go, on a host whose xenstored is under test.
import { expect } from 'vitest';
import type { LabHost } from './host.ts';

/** In one test; XTL_LAB_GUESTS=30 takes three minutes. */
export const GUESTS = Number(process.env.XTL_LAB_GUESTS ?? 6);

/** As many as the machine boots at a time before others time out. */
const AT_A_TIME = 3;

/** What a round of creating and destroying must not change. */
const STOCK = 'xl info | grep ^free_memory; xenstore-ls -fp';

/** Runs so many, three at a time, and looks at what they leave. */
export const comeAndGo = async (host: LabHost, config: string, guests: number): Promise<void> => {
  const run = async (count: number): Promise<void> => {
    const many = `node /usr/lib/xtl/tools/many.mjs ${config} ${count} --run`;
    expect(await host.must(`sleep 3 | ${many}`, { timeoutMs: 200_000 })).toBe('made\n');
  };
  await run(1);
  const before = await host.must(STOCK);
  for (let left = guests; left > 0; left -= AT_A_TIME) {
    await run(Math.min(left, AT_A_TIME));
  }
  expect(await host.must(STOCK)).toBe(before);
  await host.must('xenstore-control check');
};
