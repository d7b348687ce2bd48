// xenstored as a process of dom0, in the place of Xen's own: same options, same socket, same
// signals.
import { notifyReady } from '../../shared/platform/unix/notify-ready.ts';
import { putToStandard, STDOUT } from '../../shared/platform/unix/standard-lines.ts';
import { print } from '../../shared/platform/unix/standard-stream.ts';
import { createStarter, inBackground, startInBackground } from './daemon/background.unix.ts';
import { createLogs } from './daemon/logs.unix.ts';
import { type Running, start } from './daemon/start.unix.ts';
import { type DaemonOptions, parseOptions, USAGE } from './options.ts';

/** The exit status of what does not serve; a line says why. */
const FAILED = 1;

function complain(text: string): void {
  for (const line of text.trimEnd().split('\n')) process.stderr.write(`xenstored: ${line}\n`);
}

/** For scripts; who cannot be told is served nevertheless, as by C xenstored. */
function printPid(pid: number): void {
  putToStandard(STDOUT)(Buffer.from(`${pid}\n`));
}

function serve(options: DaemonOptions): void {
  const background = inBackground();
  const starter = createStarter();
  const logs = createLogs(background);
  let running: Running | undefined;
  const give: (why: string, told: string) => never = (why, told) => {
    logs.error(why);
    running?.abandon();
    starter.end(told);
    process.exit(FAILED);
  };
  // A bug of ours: in the background nobody sees standard error.
  process.on('uncaughtException', (bug) => give(bug.stack ?? bug.message, `a bug: ${bug.message}`));
  // Signals are heard from here on, and served when we serve.
  process.on('SIGHUP', () => {
    for (const opened of [logs.reopen(), running?.tracing.reopen()]) {
      if (opened?.ok === false) logs.error(opened.error.what);
    }
  });
  const stop = (): void => {
    running?.stop();
    process.exit(0);
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);

  const amiss = (line: string): void => {
    logs.error(line);
    starter.note(line);
  };
  // A log in a folder that cannot be written is no reason to leave a host without its store.
  const logged = logs.reopen();
  if (!logged.ok) amiss(logged.error.what);
  const started = start(options, { logs, amiss });
  if (!started.ok) give(started.error.what, started.error.what);
  running = started.value;
  for (const line of options.ignored) logs.info(line);
  if (options.event !== undefined) logs.info('--event: the port of dom0 is asked of its kernel');
  process.title = 'xenstored';
  if (options.outputPid && !background) printPid(process.pid);
  logs.info(`serves ${running.socket}${options.domains ? '' : ', without domains'}`);
  notifyReady();
  starter.end();
}

async function main(words: readonly string[]): Promise<void> {
  const options = parseOptions(words);
  if (!options.ok) {
    complain(options.error.what);
    process.exit(FAILED);
  }
  if (options.value.help) {
    const printed = await print(USAGE);
    if (printed.ok) return;
    complain(printed.error.what);
    process.exit(FAILED);
  }
  if (!options.value.fork || inBackground()) {
    serve(options.value);
    return;
  }
  const started = await startInBackground(words);
  if (typeof started === 'string') {
    complain(started);
    process.exit(FAILED);
  }
  for (const note of started.notes) complain(note);
  if (options.value.outputPid) printPid(started.pid);
  process.exit(0);
}

await main(process.argv.slice(2));
