/** The commands on network interfaces of VMs, as data; see table.ts. */

import type { Argument, Command } from './table.ts';
import { DOMAIN, OUTPUT, PLAN, QUIET, TIMEOUT } from './table-parts.ts';

const VIF: Argument = {
  usage: '<vif>',
  doc: 'its number, or its MAC address',
  completes: 'vif',
};

/** What a vif may say of itself, as in xl.cfg, but for what only xl's old files have. */
const PARAMETERS = `bridge= mac= ip= script= gatewaydev= vifname= rate= mtu= vlan= devid= backend=
  backendtype= trusted untrusted`.split(/\s+/);

export const NET_COMMANDS: readonly Command[] = [
  {
    path: ['net', 'list'],
    alias: 'network-list',
    summary: 'list the network interfaces of a domain',
    args: [DOMAIN],
    options: [OUTPUT],
    examples: [
      ['xtl net list web1', 'its interfaces, their addresses, bridges and states'],
      ['xtl net list web1 -o json', 'the same for a program'],
    ],
    run: async (...args) => (await import('./commands/net-list.ts')).netList(...args),
  },
  {
    path: ['net', 'attach'],
    alias: 'network-attach',
    summary: 'give a domain that runs another network interface',
    args: [
      DOMAIN,
      {
        usage: '[spec...]',
        doc: 'the interface as in xl.cfg, in no word, one or more',
        completes: PARAMETERS,
      },
    ],
    options: [TIMEOUT, ...PLAN],
    examples: [
      ['xtl net attach web1 bridge=br0', 'on a bridge, with an address of its own'],
      ['xtl net attach web1 script=vif-route ip=10.0.0.9', 'routed by that script'],
    ],
    run: async (...args) => (await import('./commands/net-attach.ts')).netAttach(...args),
  },
  {
    path: ['net', 'detach'],
    alias: 'network-detach',
    summary: 'take a network interface from a domain that runs',
    args: [DOMAIN, VIF],
    options: [
      { flags: '-f, --force', doc: 'even if the guest does not let go of it' },
      TIMEOUT,
      ...PLAN,
    ],
    examples: [
      ['xtl net detach web1 1', 'once the guest has let go of it'],
      ['xtl net detach web1 00:16:3e:12:34:56', 'by its address'],
    ],
    run: async (...args) => (await import('./commands/net-detach.ts')).netDetach(...args),
  },
  {
    path: ['net', 'capture'],
    summary: 'record what passes a network interface, for Wireshark',
    args: [
      DOMAIN,
      VIF,
      { usage: '[file]', doc: 'a pcapng file; - or none is standard output', completes: 'file' },
    ],
    options: [{ flags: '-c, --count <frames>', doc: 'end after so many' }, QUIET],
    examples: [
      ['xtl net capture web1 0 web1.pcapng', 'until Ctrl-C'],
      ['xtl net capture web1 0 | tshark -r -', 'as it happens'],
    ],
    run: async (...args) => (await import('./commands/net-capture.ts')).netCapture(...args),
  },
];
