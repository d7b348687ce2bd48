/** What a configuration's vifs mean, and which ones are refused. */

import { expect, it } from 'vitest';
import { readConfig } from '../xl-cfg/config.ts';
import { joinSources } from '../xl-cfg/sources.ts';
import { readSpec, type SpecReading } from './read-spec.ts';

const BASE = 'name="web1"\ntype="pvh"\nkernel="/boot/vmlinuz"\nmemory=256\n';

const read = (text: string): SpecReading => readSpec(readConfig(joinSources('vm.cfg', text, [])));

it.each([
  ['""', [{ devid: 0 }]],
  ['"bridge=br0"', [{ devid: 0, bridge: 'br0' }]],
  ['", bridge=br0,, mac=00:16:3E:1:02:ff"', [{ bridge: 'br0', mac: '00:16:3e:01:02:ff' }]],
  ['"mac=00-16-3e-01-02-03"', [{ mac: '00:16:3e:01:02:03' }]],
  ['"mac=0:0:0:0:0:0"', [{ devid: 0 }]],
  ['"mac=00:16:3e:01:02:03,mac=00:00:00:00:00:00"', [{ devid: 0 }]],
  ['"bridge=a,bridge=b"', [{ devid: 0, bridge: 'b' }]],
  ['"bridge="', [{ devid: 0, bridge: '' }]],
  ['"", "", ""', [{ devid: 0 }, { devid: 1 }, { devid: 2 }]],
  ['"", "devid=0", ""', [{ devid: 1 }, { devid: 0 }, { devid: 2 }]],
  ['"devid=5", ""', [{ devid: 5 }, { devid: 0 }]],
  ['"script=vif-route,gatewaydev=eth0"', [{ script: 'vif-route', gatewaydev: 'eth0' }]],
  ['"ip=10.0.0.1 10.0.0.2/31 fd00::1"', [{ ip: '10.0.0.1 10.0.0.2/31 fd00::1' }]],
  ['"vifname=web1-lan,type=vif"', [{ devid: 0, vifname: 'web1-lan' }]],
  ['"backend=netvm"', [{ devid: 0, backend: 'netvm' }]],
  ['"backend=0", "backend=Domain-0", "backend=7"', [{}, {}, { backend: '7' }]],
  ['"backendtype=linux"', [{ devid: 0, server: 'linux' }]],
  ['"backendtype=xtl,backend=0"', [{ devid: 0, server: 'xtl' }]],
  ['"rate=1MB/s@20ms"', [{ rate: { bytes: 20_000, intervalUs: 20_000 } }]],
  ['"mtu=9000,vlan=12p 20"', [{ mtu: 9000, vlan: '12p 20' }]],
  ['"trusted"', [{ trusted: true }]],
  ['"trusted,untrusted"', [{ trusted: false }]],
  ['"script=/opt/größe"', [{ script: '/opt/gr\xc3\xb6\xc3\x9fe' }]],
])('vif = [ %s ] is understood', (text, vifs) => {
  const { spec, problems } = read(`${BASE}vif=[${text}]\n`);
  expect(problems).toEqual([]);
  const want = vifs.map((vif) =>
    Object.keys(vif).length > 0 ? vif : { devid: expect.anything() },
  );
  expect(spec?.vifs).toMatchObject(want);
  const exact = vifs.every((vif) => 'devid' in vif);
  if (exact) expect(spec?.vifs).toEqual(vifs);
});

it.each([
  ['"netdev=eth1"', { gatewaydev: 'eth1' }, 'netdev is the old name of gatewaydev'],
  ['"accel=x"', {}, 'accel has no effect, for xl either'],
  ['"model=e1000"', {}, 'model is of emulated interfaces'],
])('vif = [ %s ] is told of', (text, vif, message) => {
  const { spec, problems } = read(`${BASE}vif=[${text}]\n`);
  expect(spec?.vifs).toEqual([{ devid: 0, ...vif }]);
  const shown = problems.map((p) => [p.severity, `${p.line}:${p.column}`, p.message]);
  expect(shown).toEqual([['warning', '5:6', message]]);
});

it.each([
  ['"nonsense"', '5:6 XTL-C029', 'unrecognized argument: "nonsense"'],
  ['"bridge=br0", "Bridge=br0"', '5:20 XTL-C029', 'unrecognized argument: "Bridge=br0"'],
  ['"constructor=1"', '5:6 XTL-C029', 'unrecognized argument: "constructor=1"'],
  ['"=1"', '5:6 XTL-C029', 'unrecognized argument: "=1"'],
  ['"trusted=1"', '5:6 XTL-C029', 'unrecognized argument: "trusted=1"'],
  ['"mac=00:16:3e:01:02"', '5:6 XTL-C029', /^a MAC address is like/],
  ['"mac=00:16:3e:01:02:03:04"', '5:6 XTL-C029', /^a MAC address is like/],
  ['"mac=0x0:16:3e:01:02:03"', '5:6 XTL-C029', /^a MAC address is like/],
  ['"mac=01:16:3e:01:02:03"', '5:6 XTL-C029', /^this MAC address is one of a group/],
  ['"bridge=br0 "', '5:6 XTL-C029', /^an interface has a name of 1 to 15 characters/],
  ['"bridge=0123456789abcdef"', '5:6 XTL-C029', /^an interface has a name/],
  ['"vifname=a/b"', '5:6 XTL-C029', /^an interface has a name/],
  ['"vifname=.."', '5:6 XTL-C029', /^an interface has a name/],
  ['"gatewaydev="', '5:6 XTL-C029', /^an interface has a name/],
  ['"script="', '5:6 XTL-C029', 'script is empty: "script="'],
  ['"ip=1\\n2"', '5:6 XTL-C029', 'ip holds a control character: "ip=1\\n2"'],
  ['"type=ioemu"', '5:6 XTL-C029', 'a pvh guest has no emulated interfaces'],
  ['"type=tap"', '5:6 XTL-C029', 'type is vif or ioemu: "type=tap"'],
  ['"rate=10MB"', '5:6 XTL-C029', /^a rate is like 10Mb\/s/],
  ['"mtu=67"', '5:6 XTL-C029', 'mtu is a number from 68 to 65535: "mtu=67"'],
  ['"mtu=0x5dc"', '5:6 XTL-C029', /^mtu is a number/],
  ['"devid=-1"', '5:6 XTL-C029', 'devid is a number from 0 to 65535: "devid=-1"'],
  ['"devid=1", "devid=1"', '5:17 XTL-C029', 'there is a vif 1 already'],
  ['"backendtype=phy"', '5:6 XTL-C029', 'backendtype is linux or xtl: "backendtype=phy"'],
  [
    '"backend=netvm,backendtype=linux"',
    '5:6 XTL-C029',
    'backendtype says who in dom0 serves it, and netvm is to',
  ],
  ['"forwarddev=eth0"', '5:6 XTL-C027', /^vifs of a replicated domain come later/],
  ['"colo_checkpoint_port=1"', '5:6 XTL-C027', /^vifs of a replicated domain come later/],
  ['["bridge=br0"]', '5:6 XTL-C029', 'a vif is a string, not a list'],
])('vif = [ %s ] is refused', (text, place, message) => {
  const { spec, problems } = read(`${BASE}vif=[${text}]\n`);
  expect(spec).toBeUndefined();
  expect(problems.map((p) => `${p.line}:${p.column} ${p.code}`)).toEqual([place]);
  expect(problems[0]?.message).toMatch(message);
});

it('what is no list, and bytes that are no text, are refused', () => {
  expect(read(`${BASE}vif="bridge=br0"\n`).problems[0]).toMatchObject({ message: 'vif is a list' });
  const [problem] = read(`${BASE}vif=["script=\udcff"]\n`).problems;
  expect(problem?.message).toBe('the vif is not valid UTF-8');
});
