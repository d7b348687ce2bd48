/**
 * The plan that starts xenstore's own domain, before there is a xenstore: what init-xenstore-domain
 * does (tools/helpers/init-xenstore-domain.c @ RELEASE-4.17.0).
 */

import { VIRQ_DOM_EXC } from '../../abi/xen.ts';
import { assert } from '../../core/assert.ts';
import { DOM0, type Domid, type Port } from '../../core/ids.ts';
import { type Failure, fail, ok, type Result } from '../../core/result.ts';
import { PAGE_SIZE } from '../../platform/region.ts';
import type { XenstoreClient } from '../../xenstore/client.ts';
import { type DomainParts, layoutDomain, type Write } from '../image/index.ts';
import { checkMemory } from './check.ts';
import {
  channelsStep,
  grantsStep,
  limitsStep,
  memoryStep,
  paramsStep,
  vcpuStep,
} from './create.ts';
import { type DomainState, id, type Prepared } from './create-state.ts';
import type { DomainHost } from './host.ts';
import { domainStep, identityStep } from './identity-steps.ts';
import type { ImageFiles } from './image-files.ts';
import { listDomains } from './list.ts';
import { writeMemory } from './load.ts';
import { consoleNodes, domainPath } from './nodes.ts';
import type { Plan, Step } from './plan.ts';
import { withPermissions } from './store.ts';
import { randomUuid } from './uuid.ts';

export interface StoreDomainHost extends DomainHost {
  /**
   * Has dom0's kernel grant its ring to a domain, and offer it a port: the value. EEXIST if a
   * xenstored serves the kernel already.
   */
  handOver(domid: Domid): Result<Port>;
  /** A client, once the domain answers. */
  connect(): Promise<Result<XenstoreClient>>;
}

export interface StoreDomainState extends DomainState {
  readonly host: StoreDomainHost;
}

export function newStoreDomainState(host: StoreDomainHost): StoreDomainState {
  return { host };
}

type StoreStep = Step<StoreDomainState>;

export interface StoreDomainOptions {
  readonly kernel: string;
  readonly memoryKib: number;
  /** Words that the store gets beside `--event PORT`. */
  readonly words: string;
  /** 16 random bytes. */
  readonly random: Uint8Array;
}

export interface PreparedStoreDomain extends Prepared {
  readonly parts: DomainParts;
  readonly words: string;
}

const NAME = 'Xenstore';

/** A port as long as ports can be: the image must fit with any. */
const LONGEST_PORT = 0xffffffff;

function commandLine(words: string, event: number): string {
  return `--event ${event} ${words}`.trim();
}

/**
 * Four frames of grants (it grants next to nothing), 256 mappings in each of 128 maptrack frames,
 * no limit of ports but the hypervisor's: as init-xenstore-domain has it.
 */
const TABLES = {
  maxEvtchnPort: 0xffffffff,
  maxGrantFrames: 4,
  maxMaptrackFrames: 128,
  xenstore: true,
};

/** Reads the image and lays it out. Needs neither Xen nor privilege. */
export async function prepareStoreDomain(
  files: ImageFiles,
  { kernel, memoryKib, words, random }: StoreDomainOptions,
): Promise<Result<PreparedStoreDomain>> {
  const read = await files.kernel(kernel);
  if (!read.ok) return read;
  const cmdline = commandLine(words, LONGEST_PORT);
  const parts = { kernel: read.value, cmdline, memoryKib, vcpus: 1, maxVcpus: 1 };
  const image = layoutDomain(parts);
  if (!image.ok) return image;
  const end = 'destroy' as const;
  const ends = { onPoweroff: end, onReboot: end, onCrash: end, onWatchdog: end, onSoftReset: end };
  const spec = {
    ...({ name: NAME, type: 'pvh', kernel, cmdline, memoryKib, maxmemKib: memoryKib } as const),
    ...{ vcpus: 1, maxvcpus: 1, ...ends, configText: '' },
  };
  const uuid = randomUuid(random);
  return ok({ spec, uuid, image: image.value, paused: false, tables: TABLES, parts, words });
}

export function planStoreDomain(of: PreparedStoreDomain): Plan<StoreDomainState> {
  return {
    name: `start ${NAME}`,
    steps: [
      checkStep(of),
      domainStep(of),
      limitsStep(of),
      ownStep(),
      channelsStep(),
      memoryStep(of),
      imageStep(of),
      grantsStep(of),
      paramsStep(of),
      vcpuStep(of),
      virqStep(),
      identityStep(of),
      handOverStep(of),
    ],
  };
}

function checkStep(of: PreparedStoreDomain): StoreStep {
  return {
    id: 'check',
    title: 'check that there is no xenstore domain yet, and that its memory is there',
    run: (state) => {
      const all = listDomains(state.host.domainControl);
      if (!all.ok) return all;
      const other = all.value.find(({ xsDomain }) => xsDomain);
      if (other !== undefined) {
        return fail('EEXIST', `domain ${other.domid} is a xenstore domain already`);
      }
      const hap = checkMemory(state.host, of.image);
      if (!hap.ok) return hap;
      state.hap = hap.value;
      return ok();
    },
  };
}

/** Its own ring is for itself, its console for dom0. */
function ownStep(): StoreStep {
  return {
    id: 'own',
    title: 'let it serve itself',
    run: (state) => {
      state.storeDomid = id(state);
      state.consoleDomid = DOM0;
      return ok();
    },
  };
}

function imageStep({ image }: PreparedStoreDomain): StoreStep {
  return {
    id: 'image',
    title: 'write its image into it',
    run: (state) => writeMemory(state.host.memory, id(state), image.writes),
  };
}

function virqStep(): StoreStep {
  return {
    id: 'virq',
    title: 'let it hear of domains that end',
    run: (state) => state.host.domainControl.setVirqHandler(id(state), VIRQ_DOM_EXC),
  };
}

/**
 * The last step, since nothing takes it back: the page for the port that the kernel offers is there
 * before the kernel is asked for one.
 */
function handOverStep(of: PreparedStoreDomain): StoreStep {
  return {
    id: 'hand-over',
    title: "have dom0's kernel turn to it",
    run: (state) => {
      const { paddr, bytes } = startInfoOf(of, LONGEST_PORT);
      const pages = Math.ceil(bytes.length / PAGE_SIZE);
      const gfns = Array.from({ length: pages }, (_, i) => paddr / PAGE_SIZE + i);
      const mapped = state.host.memory.mapForeign(id(state), gfns);
      if (!mapped.ok) return mapped;
      const event = state.host.handOver(id(state));
      if (event.ok) mapped.value.bytes.set(startInfoOf(of, event.value).bytes);
      state.host.memory.unmap(mapped.value);
      return event.ok ? ok() : event;
    },
  };
}

/** The start info, which begins a page and ends with the command line. */
function startInfoOf({ parts, words }: PreparedStoreDomain, event: number): Write {
  const image = layoutDomain({ ...parts, cmdline: commandLine(words, event) });
  assert(image.ok, 'the image fits with the longest port');
  const { writes, startInfoPaddr } = image.value;
  const startInfo = writes.find(({ paddr }) => paddr === startInfoPaddr);
  assert(startInfo !== undefined && startInfoPaddr % PAGE_SIZE === 0, 'place() puts it on a page');
  return startInfo;
}

/**
 * Lets the domain run that the plan made, waits for it and makes its nodes; the value is how long
 * it took to answer, in milliseconds. No steps of the plan: what dom0's kernel speaks to is not to
 * be destroyed.
 */
export async function startStoreDomain(
  of: PreparedStoreDomain,
  state: StoreDomainState,
): Promise<Result<number>> {
  const domid = id(state);
  const startMs = state.host.clock.nowMs();
  const runs = state.host.domainControl.unpause(domid);
  if (!runs.ok)
    return because(runs, `dom0's kernel turned to domain ${domid}, but it does not run`);
  const unnamed = `domain ${domid} runs, but its nodes are not made`;
  const store = await state.host.connect();
  if (!store.ok) return because(store, unnamed);
  const answeredMs = state.host.clock.nowMs() - startMs;
  const written = await store.value.writeAll(nodes(of, state));
  store.value.close();
  return written.ok ? ok(answeredMs) : because(written, unnamed);
}

function because({ error }: { readonly error: Failure }, what: string): Result<never> {
  return fail(error.errno, `${what}: ${error.what}`);
}

function nodes({ image, spec }: PreparedStoreDomain, state: StoreDomainState) {
  const domid = id(state);
  assert(state.consolePort !== undefined, 'channels made');
  const top = domainPath(domid);
  const values: readonly (readonly [string, string])[] = [
    ['/tool/xenstored/domid', String(domid)],
    [`${top}/domid`, String(domid)],
    [`${top}/name`, NAME],
    [`${top}/memory/target`, String(spec.memoryKib)],
    [`${top}/memory/static-max`, String(spec.memoryKib)],
  ];
  const console = { consoleDomid: DOM0, consolePort: state.consolePort, domid };
  return withPermissions(
    [
      ...values.map(([path, value]) => ({ path, value, access: 'inherited' }) as const),
      ...consoleNodes({ ...console, consoleGfn: image.consoleGfn }),
    ],
    domid,
    DOM0,
  );
}
