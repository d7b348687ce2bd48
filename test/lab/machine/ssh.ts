// The command channel: OpenSSH on this side, dropbear in dom0, one connection for many commands.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import type { Machine } from './boot.ts';

/** PATH and place of commands in dom0; dropbear's own PATH lacks /usr/local. */
export const prelude =
  'export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin LC_ALL=C.UTF-8; cd /root';

/** Options of every ssh call to this machine. */
export const sshOptions = ({
  dir,
  key,
  sshPort,
}: Pick<Machine, 'dir' | 'key' | 'sshPort'>): string[] => {
  const options = {
    BatchMode: 'yes',
    ControlPath: join(dir, 'ssh'),
    GlobalKnownHostsFile: '/dev/null',
    IdentitiesOnly: 'yes',
    IdentityFile: key,
    LogLevel: 'ERROR',
    StrictHostKeyChecking: 'yes',
    UserKnownHostsFile: join(dir, 'known_hosts'),
  };
  const pairs = Object.entries(options).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
  return ['-F', 'none', '-p', String(sshPort), ...pairs];
};

/** Arguments of ssh that run `command` in dom0's bash; `id` is a name to end it by. */
export const sshCommand = (machine: Machine, command: string, id?: string): string[] => {
  const note = id === undefined ? '' : `; echo $$ >/run/lab-${id}`;
  const program = `${prelude}${note}\n${command}`;
  return [...sshOptions(machine), '-o', 'ControlMaster=no', '-T', 'root@127.0.0.1', program];
};

/** Arguments of ssh that give a shell on this terminal. */
export const sshShell = (machine: Machine): string[] => {
  const options = [...sshOptions(machine), '-o', 'ControlMaster=no', '-t'];
  return [...options, 'root@127.0.0.1', `${prelude}; exec bash -i`];
};

/**
 * Ends a command in dom0 with all its children. To kill its ssh here does not: the shared
 * connection keeps the session, and our pipes with it, until the command ends.
 */
export const endCommand = async (machine: Machine, id: string): Promise<void> => {
  const script = `
    tree() {
      local child
      for child in $(cat /proc/$1/task/*/children); do tree $child; done
      echo $1
    }
    kill $(tree $(cat /run/lab-${id})) 2>/dev/null; rm -f /run/lab-${id}`;
  await execa('ssh', sshCommand(machine, script), {
    reject: false,
    timeout: 10_000,
    stdin: 'ignore',
  });
};

/** Opens the connection that later commands share; it ends with the machine. */
export const openChannel = async (machine: Machine, deadline: number): Promise<void> => {
  const socket = join(machine.dir, 'ssh');
  const options = [...sshOptions(machine), '-o', 'ControlMaster=yes', '-N', 'root@127.0.0.1'];
  const master = spawn('ssh', options, { detached: true, stdio: 'ignore' });
  let ended: string | undefined;
  master.on('error', ({ message }) => {
    ended = message;
  });
  master.on('exit', (code) => {
    ended = `ssh ended with ${code}`;
  });
  master.unref();
  while (!existsSync(socket)) {
    if (ended !== undefined) throw new Error(`no command channel to the lab host: ${ended}`);
    if (Date.now() > deadline) throw new Error('the command channel to the lab host did not open');
    await sleep(20);
  }
};

/** Closes the shared connection. */
export const closeChannel = async (machine: Machine): Promise<void> => {
  const options = [...sshOptions(machine), '-O', 'exit', 'root@127.0.0.1'];
  await execa('ssh', options, { reject: false, stdin: 'ignore' });
};
