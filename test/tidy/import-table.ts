/** Who may import whom, as data. A file belongs to the longest folder here that holds it. */

export interface Area {
  readonly folder: string;
  /** Folders that it may import besides itself; not what lies in areas below them. */
  readonly may: readonly string[];
  readonly npm?: readonly string[];
  /** Its code runs on Node: `node:` modules, Buffer and process are there. */
  readonly node?: true;
}

const BASE = ['shared/core', 'shared/abi', 'shared/platform'];
const PROTOCOLS = [
  ...BASE,
  'shared/ring',
  'shared/xenstore',
  'shared/xenbus',
  'shared/nbd',
  'shared/net',
  'shared/vchan',
  'shared/domain',
  'shared/telemetry',
  'shared/backend',
];
const CORES = [...PROTOCOLS, 'shared/rpc'];

/** Cores of services and drivers: they never import each other. */
const core = (folder: string): Area => ({ folder, may: CORES });

export const AREAS: readonly Area[] = [
  { folder: 'shared/core', may: [] },
  { folder: 'shared/abi', may: ['shared/core'] },
  { folder: 'shared/platform', may: ['shared/core', 'shared/abi'] },
  { folder: 'shared/platform/common', may: BASE },
  {
    folder: 'shared/platform/unix',
    may: [...BASE, 'shared/platform/common', 'shared/platform/cases', 'shared/nbd'],
    npm: ['koffi', 'pino'],
    node: true,
  },
  {
    folder: 'shared/platform/stubdom',
    may: [...BASE, 'shared/platform/common', 'shared/platform/cases'],
  },
  { folder: 'shared/platform/sim', may: [...BASE, 'shared/platform/common'] },
  { folder: 'shared/platform/cases', may: BASE },
  { folder: 'shared/ring', may: BASE },
  { folder: 'shared/xenstore', may: [...BASE, 'shared/ring'] },
  { folder: 'shared/xenbus', may: [...BASE, 'shared/xenstore'] },
  { folder: 'shared/vchan', may: [...BASE, 'shared/ring', 'shared/xenstore'] },
  { folder: 'shared/nbd', may: BASE },
  { folder: 'shared/net', may: BASE },
  {
    folder: 'shared/domain',
    may: [...BASE, 'shared/xenstore', 'shared/xenbus', 'shared/nbd', 'shared/net'],
  },
  { folder: 'shared/telemetry', may: BASE },
  {
    folder: 'shared/backend',
    may: [...BASE, 'shared/ring', 'shared/xenstore', 'shared/xenbus', 'shared/telemetry'],
  },
  { folder: 'shared/rpc', may: PROTOCOLS, npm: ['msgpackr'] },
  { folder: 'shared/kernel', may: BASE },
  core('services/xenstored'),
  core('services/lifecycle'),
  core('services/keeper'),
  core('services/console'),
  core('drivers/netback'),
  core('drivers/blkback'),
  core('drivers/netfront'),
  core('drivers/blkfront'),
  {
    folder: 'toolstack-cli',
    may: [
      ...BASE,
      'shared/xenstore',
      'shared/nbd',
      'shared/net',
      'shared/domain',
      'shared/telemetry',
      'shared/rpc',
      'shared/platform/unix',
    ],
    npm: ['commander', 'cli-table3', 'listr2', 'string-width', 'yaml', 'execa'],
    node: true,
  },
  {
    folder: 'deploy',
    may: ['shared/core', 'test/lab'],
    npm: ['esbuild', 'peggy', 'execa', 'listr2'],
    node: true,
  },
  {
    folder: 'test',
    may: ['*'],
    npm: ['vitest', 'fast-check', 'execa', 'esbuild', 'cli-table3'],
    node: true,
  },
  { folder: 'test/lab', may: ['*'], npm: ['vitest', 'execa', 'esbuild'], node: true },
  // The settings of the tests' runner.
  { folder: '', may: ['test/lab'], npm: ['vitest'], node: true },
];

/**
 * What a file's kind adds to its area: the end of its name says where it runs. Tests, and what lies
 * in `testing`, may put a whole host together: the simulator with a xenstored.
 */
export const KINDS: readonly { readonly ends: RegExp; readonly adds: Omit<Area, 'folder'> }[] = [
  { ends: /\.unix\.ts$/, adds: { may: ['shared/platform/unix'], npm: ['pino'], node: true } },
  // The uplinks of a driver domain are front ends.
  {
    ends: /\.stubdom\.ts$/,
    adds: { may: ['shared/platform/stubdom', 'drivers/blkfront', 'drivers/netfront'] },
  },
  {
    ends: /\.test\.ts$|\/testing(\/[\w.-]+)?\.ts$/,
    adds: {
      may: [
        'shared/core',
        'shared/platform/sim',
        'shared/platform/cases',
        'services/xenstored',
        'test',
      ],
      npm: ['vitest', 'fast-check', 'execa'],
      node: true,
    },
  },
];
