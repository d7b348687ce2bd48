/** `xtl xenstored restart`: the store of this host anew, with all that can be had back. */

import { fail, ok, type Result } from '../../shared/core/result.ts';
import {
  type BuildHost,
  forgottenDomains,
  listDomains,
  type Plan,
  restoreDomain,
  type Step,
  type StoreDomainHost,
} from '../../shared/domain/build/index.ts';
import type { DomainInfo } from '../../shared/platform/domain-control.ts';
import type { XenstoreClient } from '../../shared/xenstore/client.ts';
import { readTree, writeTree } from '../../shared/xenstore/tree.ts';
import { onceItAnswers } from '../answers.ts';
import { carryOut } from '../carry-out.ts';
import type { Context } from '../context.ts';
import { DONE, EXIT, failed, failure, type Outcome, SIGNAL_EXITS } from '../output/exit.ts';
import type { StoreServices } from '../store-services.ts';
import type { Options } from '../table.ts';

interface RestartState {
  readonly context: Context;
  readonly host: StoreDomainHost;
  readonly services: StoreServices;
  store: XenstoreClient | undefined;
  nodes: Parameters<typeof writeTree>[1];
  /** What could not be had back. */
  readonly left: string[];
}

type RestartStep = Step<RestartState>;

const STILL_LOST =
  'Guests that run hear nothing of xtl vm shutdown until they boot again, and the kernel of ' +
  'domain 0\nconnects no new disks and interfaces until the host does.\n';

export async function xenstoredRestart(
  context: Context,
  _: readonly string[],
  options: Options,
): Promise<Outcome> {
  const host = await context.storeDomainHost();
  if (!host.ok) return failed(host.error);
  const all = listDomains(host.value.domainControl);
  if (!all.ok) return failed(all.error);
  const server = all.value.find(({ xsDomain }) => xsDomain);
  if (server !== undefined) return wakeDomain(context, host.value, server);
  const services = await context.storeServices();
  const old = await connect(services, host.value);
  const store = old.ok ? old.value : undefined;
  const state: RestartState = { context, host: host.value, services, store, nodes: [], left: [] };
  try {
    return await restart(state, options);
  } finally {
    // Whichever it is by now: the process would live on with it.
    state.store?.close();
  }
}

async function restart(state: RestartState, options: Options): Promise<Outcome> {
  const { context, host, store } = state;
  const whole = await knowsAll(state);
  if (whole && options.force !== true) return failure(EXIT.wrongState, WHOLE);
  const plan = planRestart(store !== undefined, options.force === true);
  const signals = context.holdSignals();
  // A host whose xenstored was ended needs the next one.
  const how = { clock: host.clock, quiet: options.quiet === true, stoppable: false };
  const notDone = await carryOut(context, plan, state, { ...how, signals });
  const signal = await signals.came();
  signals.release();
  if (notDone !== undefined) return notDone;
  if (options.quiet !== true) context.terminal.err.write(STILL_LOST);
  if (signal !== undefined) {
    const text = [`xenstored runs all the same`, ...state.left].join('; ');
    return failure(SIGNAL_EXITS[signal], text);
  }
  return state.left.length === 0
    ? DONE
    : failure(EXIT.failed, `xenstored runs, but ${state.left.join('; ')}`);
}

async function connect(
  services: StoreServices,
  { clock }: StoreDomainHost,
): Promise<Result<XenstoreClient>> {
  const store = await services.connect();
  return store.ok ? onceItAnswers(store.value, clock) : store;
}

const WHOLE =
  'xenstored answers and knows all domains; to start it anew takes the watches of all guests and ' +
  "of domain 0's kernel from them: --force does it all the same";

/** dom0's kernel turns to no second one: all that helps is to let it run. */
async function wakeDomain(
  { terminal }: Context,
  { domainControl }: StoreDomainHost,
  { domid, paused, shutdown }: DomainInfo,
): Promise<Outcome> {
  if (!paused || shutdown !== undefined) {
    const why = 'which nothing but a boot of the host starts again';
    return failure(EXIT.wrongState, `xenstore is served by domain ${domid}, ${why}`);
  }
  const runs = domainControl.unpause(domid);
  if (!runs.ok) return failed(runs.error);
  terminal.err.write(`domain ${domid}, which serves xenstore, was paused, and runs again\n`);
  return DONE;
}

async function knowsAll({ host, store, services }: RestartState): Promise<boolean> {
  if (store === undefined || (await services.consolesAreOlder())) return false;
  const forgotten = await forgottenDomains({ ...host, xenstore: store });
  return forgotten.ok && forgotten.value.length === 0;
}

function planRestart(answers: boolean, force: boolean): Plan<RestartState> {
  const anew = force || !answers;
  return {
    name: 'restart xenstored',
    steps: [
      ...(answers && force ? [saveStep()] : []),
      ...(anew ? [stopStep(), startStep()] : []),
      ...(answers && force ? [nodesStep()] : []),
      noteStep(),
      domainsStep(),
      consolesStep(),
      lifecycleStep(),
    ],
  };
}

function saveStep(): RestartStep {
  return {
    id: 'save',
    title: 'read all nodes of the one that answers',
    run: async (state) => {
      if (state.store === undefined) return fail('ENOTCONN', 'it does not answer any more');
      const nodes = await readTree(state.store);
      if (nodes.ok) state.nodes = nodes.value;
      return nodes.ok ? ok() : nodes;
    },
  };
}

function stopStep(): RestartStep {
  return {
    id: 'stop',
    title: 'end the xenstored that runs, if one does',
    run: (state) => {
      state.store?.close();
      return state.services.stop();
    },
  };
}

/** How long a xenstored may take for its first answer. */
const START_MS = 60_000;

function startStep(): RestartStep {
  return {
    id: 'start',
    title: 'start xenstored',
    run: async (state) => {
      const started = await state.services.start();
      if (!started.ok) return started;
      const { clock } = state.host;
      for (const late = clock.nowMs() + START_MS; ; await clock.sleep(200)) {
        const store = await connect(state.services, state.host);
        if (store.ok) {
          state.store = store.value;
          return ok();
        }
        if (clock.nowMs() > late) return fail('ETIMEDOUT', `${started.value}: ${store.error.what}`);
      }
    },
  };
}

function nodesStep(): RestartStep {
  return {
    id: 'nodes',
    title: 'write the nodes again',
    run: async (state) => withStore(state, ({ xenstore }) => writeTree(xenstore, state.nodes)),
  };
}

function noteStep(): RestartStep {
  return {
    id: 'note',
    title: 'note for xtl doctor that watches are lost',
    run: ({ services }) => services.noteLoss(),
  };
}

function domainsStep(): RestartStep {
  return {
    id: 'domains',
    title: 'make what is known of the domains again, and introduce them',
    run: (state) =>
      withStore(state, async (host) => {
        const forgotten = await forgottenDomains(host);
        if (!forgotten.ok) return forgotten;
        for (const info of forgotten.value) {
          const restored = await restoreDomain(host, info);
          if (restored.ok) continue;
          state.left.push(`domain ${info.domid} stays unknown (${restored.error.what})`);
        }
        return ok();
      }),
  };
}

function consolesStep(): RestartStep {
  return {
    id: 'consoles',
    title: 'start xenconsoled anew: it is connected to the old one',
    run: async ({ services, left }) => {
      const again = await services.restartConsoles();
      if (!again.ok) return again;
      if (!again.value) left.push('xenconsoled does not run, nor did it before');
      return ok();
    },
  };
}

function lifecycleStep(): RestartStep {
  return {
    id: 'lifecycle',
    title: 'have somebody act on the end of domains',
    run: async ({ context }) => {
      const host = await context.host();
      return host.ok ? host.value.attend() : host;
    },
  };
}

async function withStore(
  { context, host, store }: RestartState,
  act: (host: BuildHost) => Promise<Result<void>>,
): Promise<Result<void>> {
  if (store === undefined) return fail('ENOTCONN', 'there is no xenstored');
  return act({ ...host, xenstore: store, files: await context.files() });
}
