/** A service's manifest.json: what its domain must have. */

export interface Manifest {
  readonly service: string;
  /** What the domain must have at least. */
  readonly memoryKib: number;
  /** What the hypervisor must permit the domain; checked at its start. */
  readonly privileges: readonly string[];
  readonly devices: readonly string[];
  readonly vchanPeers: readonly string[];
  readonly restart: 'always' | 'on-failure' | 'never';
}

const RESTART = ['always', 'on-failure', 'never'] as const;
const NAME = /^[a-z][a-z0-9-]{0,31}$/;
const MEMORY_KIB_MAX = 1 << 20;

/** Reads a manifest. Throws an Error that names the field; `where` names the file. */
export function readManifest(text: string, where: string): Manifest {
  const fields = parse(text, where);
  const wrong = (name: string, wanted: string) =>
    new Error(`${where}: ${name} must be ${wanted}, not ${JSON.stringify(fields[name])}`);
  const { service, memoryKib, restart = 'always' } = fields;
  if (typeof service !== 'string' || !NAME.test(service)) throw wrong('service', 'a name');
  if (typeof memoryKib !== 'number' || !(memoryKib >= 2048 && memoryKib <= MEMORY_KIB_MAX)) {
    throw wrong('memoryKib', `a number from 2048 to ${MEMORY_KIB_MAX}`);
  }
  const chosen = RESTART.find((known) => known === restart);
  if (chosen === undefined) throw wrong('restart', RESTART.join(' or '));
  const list = (name: string): readonly string[] => {
    const value = fields[name] ?? [];
    if (!Array.isArray(value) || value.some((item) => typeof item !== 'string')) {
      throw wrong(name, 'a list of names');
    }
    return value;
  };
  const known = ['service', 'memoryKib', 'privileges', 'devices', 'vchanPeers', 'restart'];
  const other = Object.keys(fields).find((name) => !known.includes(name));
  if (other !== undefined) throw new Error(`${where}: unknown field ${other}`);
  return {
    service,
    memoryKib: Math.ceil(memoryKib),
    privileges: list('privileges'),
    devices: list('devices'),
    vchanPeers: list('vchanPeers'),
    restart: chosen,
  };
}

function parse(text: string, where: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (thrown) {
    throw new Error(`${where}: ${thrown instanceof Error ? thrown.message : thrown}`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Error(`${where}: not an object`);
  }
  return { ...value };
}
