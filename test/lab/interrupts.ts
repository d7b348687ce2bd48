// Creates that end before they are done, and others that meet them, on a real host.
import { expect } from 'vitest';
import type { LabHost } from './host.ts';

/** What a create that came to nothing must not change. */
const STOCK = 'xl info | grep ^free_memory; xenstore-ls -fp; ls /var/lib/xen';

/** Domains but dom0; a dying one may take a moment. */
const DOMAINS = `for i in {1..20}; do [ $(xl list | wc -l) = 2 ] && break; sleep 0.5; done
  xl list | tail -n +3`;

/** Sends the signal once the step begins; prints the status that a shell sees. */
const interrupted = (signal: string, step: number): string => `
  coproc XTL { exec xtl vm create guests/small.cfg 2>&1; }
  pid=$XTL_PID
  exec 3<&"\${XTL[0]}"
  while read -r line <&3; do
    case "$line" in *": ${step}/"*) kill -${signal} $pid;; esac
  done
  wait $pid
  echo "status $?"`;

/** Signal, the step that is under way, and the status. The last steps are over before it comes. */
const SIGNALS = [
  ['INT', 3, 130],
  ['TERM', 5, 143],
  ['HUP', 7, 129],
] as const;

/** Creates that are interrupted leave nothing; what a killed one leaves is named and removed. */
export const interruptCreates = async (host: LabHost): Promise<void> => {
  // The first one of a host leaves its kernel in the cache, and folders of the store.
  await host.must('xtl vm create -q -p guests/small.cfg && xtl vm destroy -q small');
  const before = await host.must(STOCK);
  for (const [signal, step, status] of SIGNALS) {
    expect(await host.must(interrupted(signal, step))).toBe(`status ${status}\n`);
    expect(await host.must(STOCK), signal).toBe(before);
    expect(await host.must(DOMAINS), signal).toBe('');
  }
  expect(await host.must(interrupted('KILL', 8))).toBe('status 137\n');
  expect(await host.must('xtl vm list')).toMatch(/^small \(left by a create\) +\d+ /m);
  expect(await host.must('xtl doctor')).toMatch(/ domain \d+: left by process \d+, killed amid /);
  expect(await host.must('xtl doctor --fix')).toContain('it is removed now');
  expect(await host.must(STOCK)).toBe(before);
};

/** Of two creates at once that want one name, one comes to be. */
export const createTwoAtOnce = async (host: LabHost): Promise<void> => {
  const create = 'xtl vm create -q -p guests/small.cfg memory=96';
  const two = `${create} & one=$!; ${create} & two=$!; wait $one; a=$?; wait $two; echo $a $?`;
  expect((await host.must(two)).split(/\s/).toSorted()).toEqual(['', '0', '4']);
  expect(await host.must('xtl vm list | tail -n +3')).toMatch(/^small .*\n$/);
  await host.must('xtl vm destroy -q small');
};

/** Opens the console with one client, then with another; who has it is killed at the end. */
const consoles = (holder: string, other: string): string => `
  rm -f /var/lock/xenconsole.*
  ${holder} console small < <(sleep 600) >/dev/null 2>&1 &
  holder=$!
  until ls /var/lock/xenconsole.* >/dev/null 2>&1; do sleep 0.2; done
  sleep 1
  ${other} console small </dev/null
  status=$?
  kill -9 $holder
  exit $status`;

/** A console is one client's, whether of xl or of xtl, until that one ends, however it ends. */
export const shareConsole = async (host: LabHost): Promise<void> => {
  await host.must('xtl vm create -q -p guests/small.cfg memory=96');
  for (const [holder, other, words] of [
    ['xtl', 'xl', /Could not lock/],
    ['xl', 'xtl', /process \d+ \(\S*xenconsole .*\) has it/],
    ['xtl', 'xtl', /process \d+ \(.*xtl.* console small\) has it/],
  ] as const) {
    const refused = await host.run(consoles(holder, other));
    expect(refused.code).not.toBe(0);
    expect(refused.stderr).toMatch(words);
  }
  await host.must('xtl vm destroy -q small');
};
