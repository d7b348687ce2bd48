// A process in dom0 that creates and destroys guests by our builder, without the command around it.
import { randomFillSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Domid } from '../../../shared/core/ids.ts';
import { must } from '../../../shared/core/result.ts';
import {
  type BuildHost,
  findByName,
  type ImageFiles,
  newCreateState,
  newDestroyState,
  planCreate,
  planDestroy,
  prepareCreate,
  runPlan,
} from '../../../shared/domain/build/index.ts';
import { readSpec } from '../../../shared/domain/spec/read-spec.ts';
import { readConfig } from '../../../shared/domain/xl-cfg/config.ts';
import { joinSources } from '../../../shared/domain/xl-cfg/sources.ts';
import { unixFiles } from '../../../shared/platform/unix/files.ts';
import { openUnix } from '../../../shared/platform/unix/platform.ts';
import { builders } from '../../../shared/platform/unix/process-id.ts';
import { connectXenstore } from '../../../shared/platform/unix/xenstore-socket.ts';
import { createXenstoreClient } from '../../../shared/xenstore/client.ts';

export interface Creation {
  /** Settings after those of the file. */
  readonly settings?: readonly string[];
  readonly paused?: boolean;
  /** Gets the time of each step, in us. */
  readonly onStep?: (step: string, us: number) => void;
}

export interface Created {
  readonly domid: Domid;
  readonly name: string;
  /** From the file's text to the domain. */
  readonly us: number;
}

export interface Guests extends BuildHost {
  create(file: string, images: ImageFiles, how?: Creation): Promise<Created>;
  /** Ends all domains of that name. */
  destroy(name: string): Promise<void>;
  end(domid: Domid): Promise<void>;
  close(): void;
}

export async function openGuests(): Promise<Guests> {
  const platform = must(openUnix());
  const xenstore = createXenstoreClient(must(await connectXenstore()));
  const host: BuildHost = { ...platform, xenstore, builders, files: unixFiles() };
  const end = async (domid: Domid): Promise<void> => {
    const ended = await runPlan(planDestroy(domid), newDestroyState(host), host.clock);
    if (!ended.ok) throw new Error(`destroy ${domid}: ${ended.error.what}`);
  };
  return {
    ...host,
    create: async (file, images, { settings = [], paused = false, onStep = () => {} } = {}) => {
      const start = performance.now();
      const { spec } = readSpec(
        readConfig(joinSources(file, readFileSync(file, 'utf8'), settings)),
      );
      if (spec === undefined) throw new Error(`${file} is no valid configuration`);
      const random = randomFillSync(new Uint8Array(16));
      const prepared = must(await prepareCreate(spec, images, { random, paused }));
      onStep('prepare', (performance.now() - start) * 1000);
      const state = newCreateState(host);
      const result = await runPlan(planCreate(prepared), state, host.clock, {
        observe: (event) => {
          if (event.kind === 'done') onStep(event.step.id, event.ms * 1000);
        },
      });
      const us = (performance.now() - start) * 1000;
      if (!result.ok) throw new Error(`${result.error.step}: ${result.error.what}`);
      if (state.domid === undefined) throw new Error('the plan has made no domain');
      return { domid: state.domid, name: spec.name, us };
    },
    destroy: async (name) => {
      for (const domid of must(await findByName(xenstore, name))) await end(domid);
    },
    end,
    close: () => {
      xenstore.close();
      platform.close();
    },
  };
}
