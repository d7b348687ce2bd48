/**
 * What is behind a disk, in one word of one grammar: `params` of a device's nodes, `target=` of
 * xl.cfg and of the script block-xtl.
 *
 *   /dev/vg/web1                       a raw image or a block device
 *   qcow2:/srv/web1.qcow2              an image in another format
 *   nbd://host:10809/export            a server of NBD
 *   nbd+unix:///export?socket=/run/s   the same (doc/uri.md of NBD's repository)
 *
 * A format stands before the path as libxl writes it for its own back ends
 * (libxl__device_disk_string_of_format in libxl_device.c @ RELEASE-4.17.0): the one word passes
 * through xl, which has no place for another node. A format is said, never guessed from a name or
 * from what is in the image: a guest that may write a raw image could make it look like any other.
 */

import { fail, ok, type Result } from '../core/result.ts';
import { fromUtf8, utf8 } from '../core/utf8.ts';
import { NBD_PORT } from './protocol.ts';

export const IMAGE_FORMATS = ['qcow2', 'qcow', 'vhd', 'qed', 'vmdk', 'vhdx'] as const;
export type ImageFormat = (typeof IMAGE_FORMATS)[number];

/** Where a server listens. */
export type NbdAddress =
  | { readonly path: string }
  | { readonly host: string; readonly port: number };

export type Target =
  | { readonly kind: 'raw'; readonly path: string }
  | { readonly kind: 'image'; readonly format: ImageFormat; readonly path: string }
  | {
      readonly kind: 'nbd';
      readonly address: NbdAddress;
      /** Bytes, a character each. */
      readonly exportName: string;
    };

/** The longest string that NBD sends (proto.md). */
const EXPORT_NAME_MAX = 4096;
/** sun_path without its last byte (unix(7)). */
const SOCKET_PATH_MAX = 107;

const SCHEME = /^([A-Za-z][A-Za-z0-9+.-]*):(.*)$/s;
/** `//authority`, path, query and fragment (RFC 3986, appendix B). */
const PARTS = /^(?:\/\/([^/?#]*))?([^?#]*)(?:\?([^#]*))?(#.*)?$/s;
const AUTHORITY = /^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::([0-9]{1,5}))?$/;

const wrong = (what: string): Result<never> => fail('EINVAL', what);

/** Undefined if it is not encoded as it should be, or holds a NUL. */
function decoded(text: string): string | undefined {
  try {
    const plain = decodeURIComponent(text);
    return plain.includes('\0') ? undefined : plain;
  } catch {
    return undefined;
  }
}

/** Without its first slash. */
function exportNameOf(path: string): Result<string> {
  const name = decoded(path.slice(1));
  if (name === undefined) return wrong(`the export's name is not encoded as in a URI: ${path}`);
  const bytes = utf8(name);
  return bytes.length > EXPORT_NAME_MAX ? wrong('the name of the export is too long') : ok(bytes);
}

function tcpAddress(authority: string): Result<NbdAddress> {
  const found = AUTHORITY.exec(authority);
  if (found === null) return wrong(`'${authority}' is no host, or host:port`);
  const [, host = '', digits] = found;
  const port = digits === undefined ? NBD_PORT : Number(digits);
  if (port === 0 || port > 0xffff) return wrong(`there is no port ${digits}`);
  return ok({ host: host.replace(/^\[|\]$/g, ''), port });
}

/** The one parameter that there is: all others would ask for what is not done. */
function socketOf(query: string): Result<NbdAddress> {
  const pairs = query.split('&').map((pair) => pair.split('='));
  const other = pairs.find(([name]) => name !== 'socket');
  if (other !== undefined && other[0] !== '') return wrong(`unknown parameter '${other[0]}'`);
  const [pair, again] = pairs.filter(([name]) => name === 'socket');
  if (again !== undefined) return wrong('more than one socket');
  const path = decoded(pair?.slice(1).join('=') ?? '');
  if (path === undefined) return wrong('the path of the socket is not encoded as in a URI');
  if (!path.startsWith('/')) return wrong('it needs ?socket= with an absolute path');
  return utf8(path).length > SOCKET_PATH_MAX ? wrong('the path is too long') : ok({ path });
}

function nbdTarget(scheme: string, rest: string): Result<Target> {
  const [, authority, path = '', query, fragment] = PARTS.exec(rest) as RegExpExecArray;
  if (authority === undefined) return wrong(`${scheme}: is followed by //`);
  if (fragment !== undefined) return wrong('a fragment, which NBD has not');
  const isUnix = scheme === 'nbd+unix';
  if (isUnix && authority !== '') return wrong('nbd+unix: has no host: three slashes');
  if (!isUnix && query !== undefined) return wrong(`unknown parameter '${query.split('=')[0]}'`);
  const address = isUnix ? socketOf(query ?? '') : tcpAddress(authority);
  const exportName = exportNameOf(path);
  if (!address.ok) return address;
  if (!exportName.ok) return exportName;
  return ok({ kind: 'nbd', address: address.value, exportName: exportName.value });
}

function isFormat(name: string): name is ImageFormat {
  return IMAGE_FORMATS.some((format) => format === name);
}

/**
 * `text` may be UTF-8, a byte a character, as it stands in xenstore. EINVAL: it is nothing of this
 * kind; EOPNOTSUPP: something that is not done.
 */
export function parseTarget(text: string): Result<Target> {
  const plain = fromUtf8(text);
  if (plain.includes('\0')) return wrong('a target with a NUL');
  if (plain.startsWith('/')) return ok({ kind: 'raw', path: plain });
  const found = SCHEME.exec(plain);
  if (found === null) return wrong('the target is no absolute path');
  const [, scheme = '', rest = ''] = found;
  if (scheme === 'nbd' || scheme === 'nbd+unix') return nbdTarget(scheme, rest);
  if (scheme === 'nbds' || scheme === 'nbds+unix') {
    return fail('EOPNOTSUPP', `targets ${scheme}: need TLS, which is not supported`);
  }
  const isImage = scheme === 'raw' || isFormat(scheme);
  if (!isImage) return fail('EOPNOTSUPP', `targets ${scheme}: are not supported`);
  if (!rest.startsWith('/')) return wrong(`${scheme}: is followed by an absolute path`);
  if (scheme === 'raw') return ok({ kind: 'raw', path: rest });
  return ok({ kind: 'image', format: scheme, path: rest });
}
