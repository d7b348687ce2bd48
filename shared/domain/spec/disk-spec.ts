/**
 * One string of `disk`, as xl reads it (xl-disk-configuration(5); libxlu_disk_l.l and libxlu_disk.c
 * @ RELEASE-4.17.0): parameters between commas, some known by their place and others by their name.
 */

export type DiskFormat = 'raw' | 'qcow' | 'qcow2' | 'vhd' | 'qed' | 'empty';
export type DiskBackend = 'phy' | 'tap' | 'qdisk' | 'standalone';

export interface DiskSpec {
  /** Empty for a drive without a medium. */
  readonly target: string;
  readonly format: DiskFormat;
  /** Its name in the guest: `xvda`. */
  readonly vdev: string;
  readonly isWritable: boolean;
  readonly isCdrom: boolean;
  /** The domain that serves it, by name or number. */
  readonly backend?: string;
  readonly backendtype?: DiskBackend;
  readonly script?: string;
  readonly discard?: boolean;
  readonly isDirectIoSafe: boolean;
  readonly trusted?: boolean;
  readonly specification?: 'xen' | 'virtio';
}

/** What is wrong, in xl's words, and the text that it is about. */
export interface DiskFault {
  readonly what: string;
  readonly near?: string;
}

/** What was said so far. */
interface Said {
  target?: string;
  format?: DiskFormat;
  vdev?: string;
  isWritable?: boolean;
  isCdrom: boolean;
  backend?: string;
  backendtype?: DiskBackend;
  script?: string;
  discard?: boolean;
  isDirectIoSafe: boolean;
  trusted?: boolean;
  specification?: 'xen' | 'virtio';
  isAccessSet: boolean;
  /** `file:` and its like, which nobody needs: no format is expected after it. */
  hasPrefix: boolean;
}

class Fault extends Error {
  readonly near: string | undefined;

  constructor(what: string, near?: string) {
    super(what);
    this.near = near;
  }
}

const FORMATS: readonly string[] = ['raw', 'qcow', 'qcow2', 'vhd', 'qed', 'empty'];
const BACKENDS: readonly string[] = ['phy', 'tap', 'qdisk', 'standalone'];

type TextKey = 'target' | 'vdev' | 'backend' | 'script';

/** One that is empty may be said again. */
function saveText(said: Said, key: TextKey, value: string): void {
  if (said[key]) throw new Fault(`${key} respecified`, value);
  said[key] = value;
}

function setFormat(said: Said, text: string): void {
  const format = text === '' ? 'raw' : text;
  if (!FORMATS.includes(format)) throw new Fault('unknown value for format', text);
  if (said.format !== undefined && said.format !== format) {
    throw new Fault('format respecified', text);
  }
  said.format = format as DiskFormat;
}

function setAccess(said: Said, text: string): void {
  if (text === 'r' || text === 'ro') said.isWritable = false;
  else if (text === 'rw' || text === 'w' || text === '') said.isWritable = true;
  else throw new Fault('unknown value for access', text);
}

function setBackendtype(said: Said, text: string): void {
  if (!BACKENDS.includes(text)) throw new Fault('unknown value for backendtype', text);
  if (said.backendtype !== undefined && said.backendtype !== text) {
    throw new Fault('backend respecified', text);
  }
  said.backendtype = text as DiskBackend;
}

function setSpecification(said: Said, text: string): void {
  if (text !== 'xen' && text !== 'virtio') {
    throw new Fault('unknown value for specification', text);
  }
  if (said.specification !== undefined && said.specification !== text) {
    throw new Fault('specification respecified', text);
  }
  said.specification = text;
}

function setDevtype(said: Said, text: string): void {
  if (text !== 'cdrom' && text !== 'disk') {
    throw new Fault('unknown value for type', `devtype=${text}`);
  }
  said.isCdrom = text === 'cdrom';
}

const BY_NAME: Readonly<Record<string, (said: Said, value: string) => void>> = {
  format: setFormat,
  access: setAccess,
  devtype: setDevtype,
  backendtype: setBackendtype,
  specification: setSpecification,
  backend: (said, value) => saveText(said, 'backend', value),
  vdev: (said, value) => saveText(said, 'vdev', value),
  script: (said, value) => saveText(said, 'script', value),
};

const FLAGS: Readonly<Record<string, (said: Said) => void>> = {
  cdrom: (said) => {
    said.isCdrom = true;
  },
  'direct-io-safe': (said) => {
    said.isDirectIoSafe = true;
  },
  discard: (said) => {
    said.discard = true;
  },
  'no-discard': (said) => {
    said.discard = false;
  },
  trusted: (said) => {
    said.trusted = true;
  },
  untrusted: (said) => {
    said.trusted = false;
  },
};

/** `xvda:cdrom`, of old: false if there is no colon. */
function setVdevAndType(said: Said, text: string): boolean {
  const colon = text.lastIndexOf(':');
  if (colon < 0) return false;
  saveText(said, 'vdev', text.slice(0, colon));
  const type = text.slice(colon + 1);
  if (type !== 'cdrom' && type !== 'disk') throw new Fault('unknown deprecated type', type);
  said.isCdrom = type === 'cdrom';
  return true;
}

function setByPlace(said: Said, text: string): void {
  if (said.target === undefined) saveText(said, 'target', text);
  else if (!said.hasPrefix && said.format === undefined) {
    if (said.target === '' && setVdevAndType(said, text)) said.format = 'empty';
    else setFormat(said, text);
  } else if (said.vdev === undefined) {
    if (!setVdevAndType(said, text)) saveText(said, 'vdev', text);
  } else if (!said.isAccessSet) {
    said.isAccessSet = true;
    setAccess(said, text);
  } else throw new Fault('too many positional parameters', text);
}

const PREFIX = /^(raw|qcow2?|vhd|iscsi|e?nbd|drbd|tapdisk|tap2?|aio|ioemu|file|phy):/;
const OTHER_PREFIX = /^[a-z][a-z0-9]*:(?=[^a-z0-9]|$)/;

function setPrefix(said: Said, prefix: string): void {
  said.hasPrefix = true;
  if (/^(raw|qcow2?|vhd)$/.test(prefix)) setFormat(said, prefix);
  else if (/^(iscsi|e?nbd|drbd)$/.test(prefix)) saveText(said, 'script', `block-${prefix}`);
}

/** Reads one parameter at the start of `rest`; what is behind it and its comma. */
function readOne(said: Said, rest: string): string {
  const prefix = PREFIX.exec(rest) ?? undefined;
  if (prefix !== undefined) {
    setPrefix(said, prefix[1] as string);
    return rest.slice(prefix[0].length);
  }
  const other = OTHER_PREFIX.exec(rest);
  if (other !== null) throw new Fault('unknown deprecated disk prefix', other[0]);
  if (rest.startsWith('target=')) {
    saveText(said, 'target', rest.slice('target='.length).replace(/,$/, ''));
    return '';
  }
  const comma = rest.indexOf(',');
  const text = comma < 0 ? rest : rest.slice(0, comma);
  const behind = comma < 0 ? '' : rest.slice(comma + 1);
  const equals = text.indexOf('=');
  if (equals >= 0) {
    const name = text.slice(0, equals);
    const set = Object.hasOwn(BY_NAME, name) ? BY_NAME[name] : undefined;
    if (set !== undefined) set(said, text.slice(equals + 1));
    else if (/^[a-z][-a-z0-9]*$/.test(name)) throw new Fault('unknown parameter', text);
    else throw new Fault('bad disk syntax', text.slice(equals));
  } else if (Object.hasOwn(FLAGS, text)) FLAGS[text]?.(said);
  else setByPlace(said, text);
  return behind;
}

function finished(said: Said): DiskSpec {
  const { target = '', vdev, isCdrom, isWritable = true, format = 'raw', isDirectIoSafe } = said;
  if (vdev === undefined) throw new Fault('no vdev specified');
  if (said.target === undefined && !isCdrom) {
    throw new Fault('no target specified (and device not removable)');
  }
  const { backend, backendtype, script, discard, trusted, specification } = said;
  return {
    ...{ target, vdev, isCdrom, isDirectIoSafe },
    format: isCdrom && target === '' ? 'empty' : format,
    isWritable: isWritable && !isCdrom,
    ...(backend !== undefined && { backend }),
    ...(backendtype !== undefined && { backendtype }),
    ...(script !== undefined && { script }),
    ...(discard !== undefined && { discard }),
    ...(trusted !== undefined && { trusted }),
    ...(specification !== undefined && { specification }),
  };
}

/** Several strings are read one after the other, as words of a command line. */
export function readDiskSpec(...texts: readonly string[]): DiskSpec | DiskFault {
  const said: Said = {
    ...{ isCdrom: false, isDirectIoSafe: false, isAccessSet: false, hasPrefix: false },
  };
  try {
    for (const text of texts) {
      let rest = text.replace(/^[ \t\n]+/, '');
      while (rest !== '') rest = readOne(said, rest).replace(/^[ \t\n]+/, '');
    }
    return finished(said);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    const { message: what, near } = error;
    return near === undefined ? { what } : { what, near };
  }
}
