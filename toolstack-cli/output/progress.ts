/** Progress of a plan on stderr: a live list on a terminal, lines elsewhere, nothing if quiet. */

import type { Plan, StepEvent } from '../../shared/domain/build/index.ts';
import type { Terminal } from '../terminal.ts';
import { readable } from './style.ts';

export interface Progress {
  observe(event: StepEvent): void;
  /** Resolves once the display is gone, so that what follows is not drawn over. */
  end(): Promise<void>;
}

const SILENT: Progress = { observe: () => {}, end: async () => {} };

/** A plan that is done sooner shows nothing on a terminal: a flicker informs nobody. */
const PATIENCE_MS = 300;

export function startProgress<S>(terminal: Terminal, plan: Plan<S>, quiet: boolean): Progress {
  if (quiet) return SILENT;
  // The live list writes to the standard output: where that is no terminal, it is not for it.
  const live = terminal.err.isTty && terminal.out.isTty;
  return live ? liveProgress(plan) : lineProgress(terminal, plan);
}

function lineProgress<S>(terminal: Terminal, plan: Plan<S>): Progress {
  const line = (text: string): void => terminal.err.write(`${readable(`${plan.name}: ${text}`)}\n`);
  return {
    observe: (event) => {
      const { title } = event.step;
      if (event.kind === 'start') line(`${event.index + 1}/${plan.steps.length} ${title}`);
      else if (event.kind === 'failed') line(`failed to ${title}`);
      else if (event.kind === 'undone')
        line(`${event.error ? 'could not undo' : 'undid'}: ${title}`);
    },
    end: async () => {},
  };
}

interface Deferred {
  readonly promise: Promise<void>;
  settle(error?: Error): void;
}

function defer(): Deferred {
  let settle: Deferred['settle'] = () => {};
  const promise = new Promise<void>((resolve, reject) => {
    settle = (error) => (error === undefined ? resolve() : reject(error));
  });
  // A step that nobody shows may fail all the same.
  promise.catch(() => {});
  return { promise, settle };
}

function liveProgress<S>(plan: Plan<S>): Progress {
  const steps = new Map(plan.steps.map((step) => [step.id, defer()]));
  let shown: Promise<unknown> = Promise.resolve();
  const timer = setTimeout(() => {
    shown = show(plan, steps);
  }, PATIENCE_MS);
  return {
    observe: (event) => {
      const step = steps.get(event.step.id);
      if (event.kind === 'done') step?.settle();
      else if (event.kind === 'failed') step?.settle(new Error(event.error.what));
    },
    end: async () => {
      clearTimeout(timer);
      for (const step of steps.values()) step.settle(new Error('not reached'));
      await shown;
    },
  };
}

async function show<S>(plan: Plan<S>, steps: ReadonlyMap<string, Deferred>): Promise<void> {
  const { Listr } = await import('listr2');
  const tasks = plan.steps.map(({ id, title }) => ({
    title: readable(title),
    task: (): Promise<void> => steps.get(id)?.promise ?? Promise.resolve(),
  }));
  // The failure is reported by whoever runs the plan.
  await new Listr(tasks, {
    exitOnError: true,
    // Its own would end this process in the midst of a step.
    registerSignalListeners: false,
    rendererOptions: { clearOutput: true },
  })
    .run()
    .catch(() => {});
}
