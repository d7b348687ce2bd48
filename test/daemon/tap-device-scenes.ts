/** Scenes of TAPs as devices, each in a network namespace of its own: tap.test.ts runs them. */

import { deepEqual, equal, ok } from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { must } from '../../shared/core/result.ts';
import { openTap } from '../../shared/platform/unix/tap.ts';
import {
  findTap,
  holdTap,
  removeTap,
  setTapCarrier,
  setTapUp,
} from '../../shared/platform/unix/tap-device.ts';
import { until } from './process.ts';
import * as scene from './tap-scene.ts';

const { close, frame, ip, open, own, poller, receive, send } = scene;

const ofDevice = (name: string, what: string): string =>
  readFileSync(`/sys/class/net/${name}/${what}`, 'latin1').trim();

/** Serves the device, and is killed. */
async function serveAndDie(): Promise<void> {
  const child = spawn(process.execPath, [...process.argv.slice(1, 2), 'serve'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  equal(ofDevice(findTap('vif1.0') as string, 'carrier'), '1');
  child.kill('SIGKILL');
  await once(child, 'exit');
}

async function serve(): Promise<void> {
  open('vif1.0', { queues: 2 });
  console.log('serves');
  await sleep(60_000);
}

/** A device stays when its process dies; with the carrier, if somebody holds it. */
async function deaths(): Promise<void> {
  scene.noIpv6();
  ip('link add bridge0 type bridge mcast_snooping 0');
  ip('link set bridge0 up');
  equal(holdTap('vif1.0').ok, false);
  await serveAndDie();
  // A ring of its is let go of a moment later.
  await until(() => ofDevice('vif1.0', 'carrier') === '0');
  ip('link set vif1.0 master bridge0');
  const index = ofDevice('vif1.0', 'ifindex');
  const held = must(holdTap('vif1.0'));
  // A script calls it otherwise, as `vifname=` says.
  ip('link set vif1.0 down');
  ip('link set vif1.0 name web');
  equal(findTap('vif1.0'), 'web');
  for (let i = 0; i < 5; i++) {
    await serveAndDie();
    await sleep(50);
    equal(ofDevice('web', 'carrier'), '1');
    ok(existsSync('/sys/class/net/web/master'));
  }
  const [one, other] = [open('vif1.0', { queues: 2 }), open('vif2.0')];
  ip('link set vif2.0 master bridge0');
  await scene.passes(other, one);
  equal(ofDevice('web', 'ifindex'), index);
  close(one);
  equal(ofDevice('web', 'carrier'), '1');
  held.release();
  equal(ofDevice('web', 'carrier'), '0');
  must(removeTap('vif1.0'));
  equal(findTap('vif1.0'), undefined);
  must(removeTap('vif1.0'));
  close(other);
}

async function descriptors(): Promise<void> {
  const count = (): number => readdirSync('/proc/self/fd').length;
  const opened = (engine: 'uring' | 'calls') => close(open('vif1.0', { queues: 4, engine }));
  for (const engine of ['uring', 'calls'] as const) opened(engine);
  const before = count();
  for (let i = 0; i < 50; i++) {
    opened(i % 2 === 0 ? 'uring' : 'calls');
    must(holdTap('vif1.0')).release();
    // What cannot be opened leaves nothing either.
    const failed = openTap({
      ...{ vif: 'vif1.0', queues: 300, addressOf: own.addressOf, poller, onGone: () => {} },
    });
    equal(failed.ok, false);
  }
  equal(count(), before);
}

async function goes(): Promise<void> {
  const one = open('vif1.0', { queues: 2, mtu: 9000 });
  equal(one.tap.mtu, 9000);
  deepEqual(
    [...one.tap.mac],
    ofDevice('vif1.0', 'address')
      .split(':')
      .map((word) => Number.parseInt(word, 16)),
  );
  for (const isThere of [false, true]) {
    must(setTapCarrier('vif1.0', isThere));
    equal(ofDevice('vif1.0', 'carrier'), isThere ? '1' : '0');
  }
  must(setTapUp('vif1.0', false));
  equal(Number(ofDevice('vif1.0', 'flags')) & 1, 0);
  ip('link del vif1.0');
  await sleep(100);
  equal(one.gone, 1);
  one.tap.want(0, () => {
    throw new Error('a device that is gone has something');
  });
  send(
    one,
    frame(50, (at) => at),
  );
  deepEqual(receive(one), []);
  equal(setTapUp('vif1.0', true).ok, false);
  equal(setTapCarrier('vif1.0', true).ok, false);
  close(one);
}

/** What has a vif's name, and is not its device, is left alone. */
async function names(): Promise<void> {
  const tried = (vif: string) => {
    const { addressOf } = own;
    const opened = openTap({ vif, queues: 1, addressOf, poller, onGone: () => {} });
    return opened.ok ? 'opened' : `${opened.error.errno}: ${opened.error.what}`;
  };
  ip('link add vif1.0 type veth peer name other');
  ip('tuntap add dev vif2.0 mode tap multi_queue vnet_hdr');
  equal(tried('vif1.0'), "EEXIST: vif1.0 is somebody else's");
  equal(tried('vif2.0'), "EEXIST: vif2.0 is somebody else's");
  for (const vif of ['vif%d', 'vif1.0/..', 'vif32752.0123456', '']) {
    equal(tried(vif), `EINVAL: '${vif}' is no name of an interface`);
  }
  // An alias of ours on what is no TAP.
  writeFileSync('/sys/class/net/other/ifalias', 'xtl vif3.0');
  equal(tried('vif3.0'), 'EINVAL: other is no TAP with several queues and virtio headers');
}

export const deviceScenes: Readonly<Record<string, () => Promise<void>>> = {
  'a device outlives its process, and its carrier if it is held': deaths,
  'no descriptor is left': descriptors,
  'a device that goes': goes,
  'names of others': names,
};

export const helpers: Readonly<Record<string, () => Promise<void>>> = { serve };
