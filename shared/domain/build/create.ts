/** The plan that turns a spec and its images into a running domain, without libxl and libxc. */

import { HVM_PARAM_CONSOLE_EVTCHN, HVM_PARAM_STORE_EVTCHN } from '../../abi/hvm-params.ts';
import { assert } from '../../core/assert.ts';
import { fail, ok } from '../../core/result.ts';
import { entryContext, seedGrantTable } from '../image/index.ts';
import { checkStep, populatedKib } from './check.ts';
import {
  type CreateState,
  type CreateStep,
  type DomainStep,
  id,
  inOrder,
  type Prepared,
} from './create-state.ts';
import { disksStep } from './disks.ts';
import { domainStep, identityStep } from './identity-steps.ts';
import { populate, writeMemory } from './load.ts';
import type { Plan } from './plan.ts';
import { formatRecord } from './record.ts';
import { rightsStep } from './rights.ts';
import { servedStep } from './served.ts';
import { announce, makeNodes, removeNodes } from './store.ts';
import { forgetDomain, keepConfig } from './userdata.ts';
import { vifsStep } from './vifs.ts';

export function planCreate(vm: Prepared): Plan<CreateState> {
  return {
    name: `create ${vm.spec.name}`,
    steps: [checkStep(vm), domainStep(vm), ...buildSteps(vm).map(unlessEnded)],
  };
}

/** What is done to the domain once it is there. */
function buildSteps(vm: Prepared): CreateStep[] {
  return [
    nameStep(vm),
    limitsStep(vm),
    channelsStep(),
    memoryStep(vm),
    imageStep(vm),
    grantsStep(vm),
    paramsStep(vm),
    vcpuStep(vm),
    nodesStep(vm),
    ...(vm.spec.disks === undefined ? [] : [disksStep(vm)]),
    ...(vm.spec.vifs === undefined ? [] : [vifsStep(vm)]),
    configStep(vm),
    introduceStep(vm),
    ...(vm.again === undefined ? [] : [servedStep(), rightsStep()]),
    identityStep(vm),
    ...(vm.paused ? [] : [unpauseStep()]),
  ];
}

/**
 * Whoever sees the domain's name may end it while it is built: then every step fails, each in words
 * of its own. ESRCH says what happened.
 */
function unlessEnded(step: CreateStep): CreateStep {
  return {
    ...step,
    run: async (state) => {
      const result = await step.run(state);
      if (result.ok) return result;
      const info = state.host.domainControl.getInfo(id(state));
      if (info.ok || info.error.errno !== 'ESRCH') return result;
      return fail('ESRCH', `domain ${id(state)} was ended while it was built`);
    },
  };
}

function nameStep(vm: Prepared): CreateStep {
  return {
    id: 'name',
    title: `name it '${vm.spec.name}' in xenstore`,
    run: (state) => {
      assert(state.consoleDomid !== undefined, 'checked');
      const { name, isDriverDomain = false } = vm.spec;
      const record = formatRecord(vm.spec, vm.uuid);
      const keepsBackends = vm.again !== undefined;
      const announced = {
        ...{ domid: id(state), name, uuid: vm.uuid, record, isDriverDomain, keepsBackends },
      };
      return announce(state.host, announced, state.consoleDomid);
    },
    undo: (state) => {
      if (state.domid === undefined || state.consoleDomid === undefined) return ok();
      return removeNodes(state.host.xenstore, {
        domid: state.domid,
        consoleDomid: state.consoleDomid,
        uuid: vm.uuid,
        keepsBackends: vm.again !== undefined,
      });
    },
  };
}

export function limitsStep(vm: Prepared): DomainStep {
  return {
    id: 'limits',
    title: `limit it to ${vm.spec.maxvcpus} vCPUs and ${vm.image.maxMemKib} KiB`,
    run: (state) => {
      const { domainControl } = state.host;
      return inOrder(
        () => domainControl.maxVcpus(id(state), vm.spec.maxvcpus),
        () => domainControl.setMaxMem(id(state), vm.image.maxMemKib),
        () => domainControl.setPagingMempool(id(state), vm.image.pagingMempoolBytes),
      );
    },
  };
}

export function channelsStep(): DomainStep {
  return {
    id: 'channels',
    title: 'give it event channels for xenstore and the console',
    run: (state) => {
      assert(state.storeDomid !== undefined && state.consoleDomid !== undefined, 'checked');
      const store = state.host.domainControl.allocUnbound(id(state), state.storeDomid);
      if (!store.ok) return store;
      const console = state.host.domainControl.allocUnbound(id(state), state.consoleDomid);
      if (!console.ok) return console;
      state.storePort = store.value;
      state.consolePort = console.value;
      return ok();
    },
  };
}

export function memoryStep(vm: Prepared): DomainStep {
  const { extents, memoryMap } = vm.image;
  const count = extents.reduce((sum, e) => sum + e.gfns.length, 0);
  return {
    id: 'memory',
    title: `give it ${populatedKib(vm.image)} KiB in ${count} extents`,
    run: (state) =>
      inOrder(
        () => state.host.domainControl.setMemoryMap(id(state), memoryMap),
        () => populate(state.host.domainControl, id(state), extents),
      ),
  };
}

function imageStep(vm: Prepared): DomainStep {
  const bytes = vm.image.writes.reduce((sum, write) => sum + write.bytes.length, 0);
  return {
    id: 'image',
    title: `write ${Math.ceil(bytes / 1024)} KiB of kernel, ramdisk and tables into it`,
    run: (state) => writeMemory(state.host.memory, id(state), vm.image.writes),
  };
}

export function grantsStep(vm: Prepared): DomainStep {
  return {
    id: 'grants',
    title: 'grant the console ring and the xenstore ring',
    run: (state) => {
      assert(state.storeDomid !== undefined && state.consoleDomid !== undefined, 'checked');
      const table = state.host.memory.mapGrantTable(id(state), 0, 1);
      if (!table.ok) return table;
      table.value.bytes.set(
        seedGrantTable({
          consoleGfn: vm.image.consoleGfn,
          consoleDomid: state.consoleDomid,
          xenstoreGfn: vm.image.xenstoreGfn,
          xenstoreDomid: state.storeDomid,
        }),
      );
      state.host.memory.unmap(table.value);
      return ok();
    },
  };
}

export function paramsStep(vm: Prepared): DomainStep {
  return {
    id: 'params',
    title: 'tell Xen where its rings and channels are',
    run: (state) => {
      assert(state.storePort !== undefined && state.consolePort !== undefined, 'channels made');
      const params: [number, bigint][] = [
        ...vm.image.hvmParams.map(([index, value]): [number, bigint] => [index, value]),
        [HVM_PARAM_STORE_EVTCHN, BigInt(state.storePort)],
        [HVM_PARAM_CONSOLE_EVTCHN, BigInt(state.consolePort)],
      ];
      return inOrder(
        ...params.map(
          ([index, value]) =>
            () =>
              state.host.domainControl.setHvmParam(id(state), index, value),
        ),
      );
    },
  };
}

export function vcpuStep(vm: Prepared): DomainStep {
  return {
    id: 'vcpu',
    title: `point vCPU 0 at the kernel's entry 0x${vm.image.entry.toString(16)}`,
    run: (state) => {
      const now = state.host.domainControl.getHvmContext(id(state));
      if (!now.ok) return now;
      const context = entryContext(now.value, vm.image);
      return context.ok
        ? state.host.domainControl.setHvmContext(id(state), context.value)
        : context;
    },
  };
}

function nodesStep(vm: Prepared): CreateStep {
  return {
    id: 'nodes',
    title: 'make the rest of its nodes in xenstore',
    run: (state) => {
      assert(state.storePort !== undefined && state.consolePort !== undefined, 'channels made');
      assert(state.consoleDomid !== undefined, 'checked');
      return makeNodes(state.host.xenstore, {
        domid: id(state),
        consoleDomid: state.consoleDomid,
        uuid: vm.uuid,
        memoryKib: vm.spec.memoryKib,
        vcpus: vm.spec.vcpus,
        maxvcpus: vm.spec.maxvcpus,
        storeGfn: vm.image.xenstoreGfn,
        storePort: state.storePort,
        consoleGfn: vm.image.consoleGfn,
        consolePort: state.consolePort,
        startedAtMs: state.host.clock.wallMs(),
      });
    },
  };
}

function configStep({ spec, uuid }: Prepared): CreateStep {
  return {
    id: 'config',
    title: 'keep its configuration for xl',
    run: (state) => keepConfig(state.host.files, { domid: id(state), uuid }, spec),
    undo: (state) => {
      if (state.domid === undefined) return ok();
      return forgetDomain(state.host.files, state.domid);
    },
  };
}

/**
 * Not released to take it back: a store that has let go of a domain tells nobody of its end, and
 * then a console daemon keeps its page, and with it the domain. It hears of the end itself.
 */
function introduceStep(vm: Prepared): CreateStep {
  return {
    id: 'introduce',
    title: 'introduce it to xenstored',
    run: (state) => {
      assert(state.storePort !== undefined, 'channels made');
      return state.host.xenstore.introduce(id(state), vm.image.xenstoreGfn, state.storePort);
    },
  };
}

export function unpauseStep(): DomainStep {
  return {
    id: 'unpause',
    title: 'let it run',
    run: (state) => state.host.domainControl.unpause(id(state)),
  };
}
