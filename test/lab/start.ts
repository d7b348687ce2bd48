// `npm start`: a Xen host, a Linux VM that xtl makes, its console up to the prompt, a dom0 shell.
import { setTimeout as sleep } from 'node:timers/promises';
import { type LabHost, labHost } from './host.ts';

const GUEST = 'small';
const SHOW_MS = 200;

const say = (text: string): void => void process.stderr.write(`\n\x1b[1m${text}\x1b[0m\n`);

/** What the user would type, then what comes of it. */
const show = async (host: LabHost, command: string): Promise<void> => {
  process.stderr.write(`\ndom0# ${command}\n`);
  const { stdout, stderr, code } = await host.run(command);
  process.stdout.write(stdout);
  process.stderr.write(stderr);
  if (code !== 0) throw new Error(`${command} ended with status ${code}`);
};

/** Copies a guest's console to this terminal until its shell asks for a command. */
const showBoot = async (host: LabHost): Promise<void> => {
  process.stderr.write(`\ndom0# xtl vm create guests/${GUEST}.cfg -c\n`);
  const guest = await host.bootGuest(GUEST);
  let shown = 0;
  const copy = (): void => {
    const text = guest.consoleText();
    process.stdout.write(text.slice(shown));
    shown = text.length;
  };
  const prompt = guest.waitForPrompt();
  let waiting = true;
  const done = prompt.finally(() => {
    waiting = false;
  });
  while (waiting) {
    copy();
    await Promise.race([done.catch(() => {}), sleep(SHOW_MS)]);
  }
  copy();
  await prompt;
  process.stdout.write('\n');
};

const start = async (): Promise<number> => {
  say('Booting a real Xen with a Debian dom0 in QEMU (15 to 60 s)');
  const host = await labHost({ say: (text) => process.stderr.write(`lab: ${text}\n`) });
  try {
    say('Creating a Linux VM with xtl, and its console up to the prompt');
    await showBoot(host);
    say('The domains of this host');
    await show(host, 'xtl vm list');
    if (!process.stdin.isTTY || !process.stdout.isTTY) {
      say('No terminal here: the host ends.');
      return 0;
    }
    say('You are in dom0: try xtl --help, xtl vm console small (^] leaves it), xl list.');
    process.stderr.write('exit, or control-D, ends the host.\n\n');
    await host.shell();
    return 0;
  } finally {
    await host.end();
  }
};

try {
  process.exitCode = await start();
} catch (error) {
  const why = error instanceof Error ? error.message : String(error);
  process.stderr.write(`xtl: npm start failed: ${why}\n`);
  process.exitCode = 1;
}
