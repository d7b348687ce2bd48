// Runs in dom0: random sessions of two tools through the kernel's device give the same replies and
// events as on our core in this process, which other tests compare with C xenstored.
//
// usage: sessions FIRST-SEED SESSIONS STEPS
import { XS_MKDIR, XS_RM, XS_SET_PERMS, XS_WATCH } from '../../../shared/abi/xs-wire.ts';
import { createOurs } from '../ours.ts';
import { runSession } from '../session.ts';
import type { Subject } from '../subject.ts';
import { openThroughKernel } from './through-kernel.ts';
import { ROOTS, toolWish, WATCHED } from './wishes.ts';

const TOOLS = 2;

async function prepare(subject: Subject): Promise<void> {
  for (const root of ROOTS) {
    await subject.request({ socket: 0 }, XS_RM, 0, `${root}\0`);
    await subject.request({ socket: 0 }, XS_MKDIR, 0, `${root}\0`);
    await subject.request({ socket: 0 }, XS_SET_PERMS, 0, `${root}\0n0\0`);
  }
  for (let socket = 0; socket < TOOLS; socket++) {
    // The kernel gives each watch a token of its own, so that equal events are not merged.
    for (const [i, path] of WATCHED.entries()) {
      await subject.request({ socket }, XS_WATCH, 0, `${path}\0t${i}\0`);
    }
  }
}

async function cleanUp(subject: Subject): Promise<void> {
  for (const path of [...ROOTS, '/sync']) {
    await subject.request({ socket: 0 }, XS_RM, 0, `${path}\0`);
  }
}

async function differs(seed: number, steps: number): Promise<boolean> {
  const theirs = await openThroughKernel(TOOLS);
  const ours = createOurs(TOOLS, {});
  // The xenstore domain is there; permissions may name it, and no other.
  await ours.world('exist', 1);
  await prepare(ours);
  await prepare(theirs);
  const kind = { wish: toolWish, domains: false };
  const difference = await runSession(seed, steps, ours, theirs, TOOLS, kind);
  if (difference !== undefined) console.log(`seed ${seed}:`, difference);
  else await cleanUp(theirs);
  await theirs.stop();
  return difference !== undefined;
}

const [first = 1, sessions = 1, steps = 100] = process.argv.slice(2).map(Number);
let failed = 0;
for (let seed = first; seed < first + sessions; seed++) if (await differs(seed, steps)) failed++;
console.log(`${sessions - failed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
