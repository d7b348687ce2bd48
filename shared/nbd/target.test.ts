/** What may stand behind a disk, and what is said of the rest. */

import { expect, it } from 'vitest';
import { utf8 } from '../core/utf8.ts';
import { parseTarget } from './target.ts';

const tcp = (host: string, port: number, exportName: string): object => ({
  ...{ kind: 'nbd', address: { host, port }, exportName },
});

it.each([
  ['/dev/vg/web1', { kind: 'raw', path: '/dev/vg/web1' }],
  ['/srv/a:b', { kind: 'raw', path: '/srv/a:b' }],
  ['raw:/srv/a', { kind: 'raw', path: '/srv/a' }],
  [utf8('/srv/ü'), { kind: 'raw', path: '/srv/ü' }],
  ['/srv/ü', { kind: 'raw', path: '/srv/ü' }],
  ['qcow2:/srv/web1.qcow2', { kind: 'image', format: 'qcow2', path: '/srv/web1.qcow2' }],
  ['vhd:/srv/a,b', { kind: 'image', format: 'vhd', path: '/srv/a,b' }],
  ['vmdk:/srv/raw:/x', { kind: 'image', format: 'vmdk', path: '/srv/raw:/x' }],
  ['nbd://example.com', tcp('example.com', 10_809, '')],
  ['nbd://example.com/', tcp('example.com', 10_809, '')],
  ['nbd://example.com/disk', tcp('example.com', 10_809, 'disk')],
  ['nbd://example.com//disk', tcp('example.com', 10_809, '/disk')],
  ['nbd://10.0.0.1:99/hello%20world', tcp('10.0.0.1', 99, 'hello world')],
  ['nbd://[fd00::1]:10810/a', tcp('fd00::1', 10_810, 'a')],
  ['nbd://h/%C3%BC', tcp('h', 10_809, utf8('ü'))],
  [utf8('nbd://h/ü'), tcp('h', 10_809, utf8('ü'))],
  ['nbd+unix:///?socket=/run/s', { kind: 'nbd', address: { path: '/run/s' }, exportName: '' }],
  ['nbd+unix://?socket=/run/s', { kind: 'nbd', address: { path: '/run/s' }, exportName: '' }],
  [
    'nbd+unix:///d%2Fe?socket=/run/a%26b=c',
    { kind: 'nbd', address: { path: '/run/a&b=c' }, exportName: 'd/e' },
  ],
])('%j is understood', (text, value) => {
  expect(parseTarget(text)).toEqual({ ok: true, value });
});

it.each([
  ['', 'EINVAL', 'no absolute path'],
  ['vg/web1', 'EINVAL', 'no absolute path'],
  ['qcow2:web1', 'EINVAL', 'qcow2: is followed by an absolute path'],
  ['qcow2:json:{}', 'EINVAL', 'qcow2: is followed by an absolute path'],
  ['QCOW2:/a', 'EOPNOTSUPP', 'targets QCOW2: are not supported'],
  ['zip:/a', 'EOPNOTSUPP', 'targets zip: are not supported'],
  ['rbd:pool/image', 'EOPNOTSUPP', 'targets rbd: are not supported'],
  ['iscsi://host/iqn/0', 'EOPNOTSUPP', 'targets iscsi: are not supported'],
  ['nbds://host/a', 'EOPNOTSUPP', 'nbds: need TLS'],
  ['nbds+unix:///a?socket=/s', 'EOPNOTSUPP', 'nbds+unix: need TLS'],
  ['nbd:host:10809', 'EINVAL', 'nbd: is followed by //'],
  ['nbd://', 'EINVAL', 'no host'],
  ['nbd:///a', 'EINVAL', 'no host'],
  ['nbd://user@host/a', 'EINVAL', 'no host'],
  ['nbd://host:0/a', 'EINVAL', 'no port 0'],
  ['nbd://host:65536/a', 'EINVAL', 'no port 65536'],
  ['nbd://host:port/a', 'EINVAL', 'no host'],
  ['nbd://fd00::1/a', 'EINVAL', 'no host'],
  ['nbd://host/%', 'EINVAL', 'not encoded'],
  ['nbd://host/%ff', 'EINVAL', 'not encoded'],
  ['nbd://host/a%00b', 'EINVAL', 'not encoded'],
  [`nbd://host/${'x'.repeat(4097)}`, 'EINVAL', 'too long'],
  ['nbd://host/a?socket=/s', 'EINVAL', "unknown parameter 'socket'"],
  ['nbd://host/a#b', 'EINVAL', 'a fragment'],
  ['nbd+unix://host/a?socket=/s', 'EINVAL', 'no host'],
  ['nbd+unix:///a', 'EINVAL', '?socket='],
  ['nbd+unix:///a?socket=', 'EINVAL', '?socket='],
  ['nbd+unix:///a?socket=s', 'EINVAL', '?socket='],
  ['nbd+unix:///a?socket=%00abstract', 'EINVAL', 'not encoded'],
  ['nbd+unix:///a?socket=/s&socket=/t', 'EINVAL', 'more than one socket'],
  ['nbd+unix:///a?socket=/s&tls-type=psk', 'EINVAL', "unknown parameter 'tls-type'"],
  [`nbd+unix:///a?socket=/${'x'.repeat(107)}`, 'EINVAL', 'too long'],
  ['/a\0b', 'EINVAL', 'a NUL'],
])('%j is refused', (text, errno, what) => {
  const refused = { ok: false, error: { errno, what: expect.stringContaining(what) } };
  expect(parseTarget(text)).toEqual(refused);
});
