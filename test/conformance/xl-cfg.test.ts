// Our reading of xl.cfg beside xl's own: the same files, the same words, the same meaning.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Prng, prng } from '../../shared/core/prng.ts';
import { KEYS } from '../../shared/domain/spec/keys.ts';
import { COMMANDS } from '../../toolstack-cli/table.ts';
import { xlVerb } from '../../toolstack-cli/xl-words.ts';
import { isAll } from '../lab/extent.ts';
import { openXl, type Question, type Xl } from '../peers/xl.ts';
import { meaningOfXl, ourReading } from './xl-oracle.ts';

/** A thousand processes, on a machine that may be busy. */
const PATIENCE_MS = 600_000;

const BASE = `name="web1"
type="pvh"
kernel="/boot/k"
memory=64
uuid="2f0b6f0a-5a4c-4a2e-9d0c-1f3e5d7c9b8a"
`;

/** Read alike, accepted or refused. */
const alike = [
  ['', 'memory="0x40"', 'memory=010', 'memory=0x10', 'memory=" 12"', 'memory="+12"'],
  ['maxmem=128', 'vcpus=2', 'vcpus=2\nmaxvcpus=4', 'maxvcpus=3', 'vcpus=4\nmaxvcpus=2'],
  ['root="/dev/x"', 'extra="a"', 'root="r"\nextra="a b"', 'root=""', 'root=""\nextra=""'],
  ['cmdline="c"\nroot="r"', 'cmdline=""\nextra="e"', 'cmdline="a"\ncmdline+="b"', 'cmdline+="b"'],
  ['on_crash="preserve"', 'on_crash="soft-reset"', 'on_crash="soft_reset"', 'on_crash=1'],
  ['on_poweroff="rename-restart"', 'on_reboot="coredump-destroy"', 'on_watchdog="restart"'],
  ['on_soft_reset="destroy"', 'ramdisk="/r"', 'ramdisk=5', 'name=7', 'name="a b"', 'type="pvhx"'],
  ['uuid="2F0B6F0A-5a4c-4a2e-9d0c-1f3e5d7c9b8a"', 'uuid="2f0b6f0a5a4c4a2e9d0c1f3e5d7c9b8a"'],
  ['builder="hvm"', 'quux=1', 'QUUX=1', 'a.b=1', '_a=1', 'a-b=1', 'cmdline="é☃"', 'cmdline="a\tb"'],
  ['cmdline="\\n\\t\\\\\\"\\\'"', 'cmdline="\\x41"', 'cmdline="\\101"', 'cmdline="a\\1012b"'],
  ['cmdline="\\1"', 'cmdline="\\12"', 'cmdline="\\q"', "cmdline='it\"s'", 'cmdline="x" # c', '# c'],
  ['a=[1,2', 'a=[1,\n2]', 'a=[1\n,2]', 'a=[\n1]', 'a=[,]', 'a=[1,,2]', 'a=[1,]', 'a=[[1],"x"]'],
  ['a=[1 2]', 'a=1;;b=2', 'a=1 b=2', ';', 'a=\n1', 'a="x\ny"', 'a=1\r', 'a=[]\na+=["x"]'],
  ['a="x"\na+=["y"]', 'a=["x"]\na+="y"', 'a+=["x"]\na+=["y"]', 'import os', 'a=1 if b else 2'],
  ['a=1.5', 'a=0x1F', 'a=-1', 'a==1', '=1', 'a', 'a=b', '"a"=1', '1=2', 'a="open', "a=['open]"],
  ['vif=[]', 'vif=[""]', "vif=['', '']", 'vif=["bridge=br0"]', 'vif=["bridge=a,bridge=b"]'],
  ['vif=[",, bridge=br0,  mtu=9000,"]', 'vif=["mac=00:16:3E:1:02:ff"]', 'vif=["type=vif"]'],
  ['vif=["mac=00-16-3e-01-02-03"]', 'vif=["mac=0:0:0:0:0:0"]', 'vif=["bridge="]'],
  ['vif=["mac=02:00:00:00:00:01,mac=0:0:0:0:0:0"]', 'vif=["ip=10.0.0.1 fd00::1/64"]'],
  ['vif=["script=vif-route,gatewaydev=eth0"]', 'vif=["netdev=eth0"]', 'vif=["vifname=x.y"]'],
  ['vif=["backend=netvm,model=e1000"]', 'vif=["accel=1"]', 'vif=["devid=3", "", "devid=0"]'],
  ['vif=["trusted"]', 'vif=["untrusted"]', 'vif=["untrusted,trusted"]', 'vif2=["x"]'],
  ['vif=["rate=10Mb/s"]', 'vif=["rate=1MB/s@20ms"]', 'vif=["rate=7Kb/s@3s"]', 'vif=["ip="]'],
  ['vif=["rate=1GB/s@50m"]', 'vif=["rate=4294967295GB/s@4us"]', 'vif=["rate=9B/s@1"]'],
  ['vif=["rate=10MB"]', 'vif=["rate=4294967296b/s"]', 'vif=["rate=0B/s"]', 'vif=["rate=@"]'],
  ['vif=["rate=10Mb/s@10h"]', 'vif=["rate=1B/s@4295s"]', 'vif=["rate=4296MB/s@4294s"]'],
  [
    'vif=["mtu=x"]',
    'vif=["devid=x"]',
    'vif=["script=/opt/größe"]',
    'vif=["bridge=a"]\nvif+=["ip=1"]',
  ],
  ['a=# c', 'a=[ # c\n1 # d\n, # e\n2 # f\n]', 'a=[1;2]', 'a=1,2', '\f', '\\', 'a=1\\\nb=2'],
].flat();

/** What xl takes for something else, or for nothing, with a warning at most: errors here. */
const stricter = [
  [
    'memory=1e3',
    'memory="12 "',
    'memory="08"',
    'memory="abc"',
    'memory+=1',
    'memory=0',
    'memory="-1"',
  ],
  ['vif="bridge=br0"', 'vif=["nonsense"]', 'vif=["Bridge=x"]', 'vif=["mac=1:2:3"]', 'vif=[["x"]]'],
  ['vif=["mac=01:02:03:04:05:06"]', 'vif=["mac=0x0:1:2:3:4:5"]', 'vif=["bridge=br0 "]'],
  ['vif=["type=ioemu"]', 'vif=["type=x"]', 'vif=["mtu=0"]', 'vif=["mtu=1500x"]', 'vif=["script="]'],
  ['vif=["devid=1","devid=1"]', 'vif=["rate=010MB/s"]', 'vif=["rate=1B/s"]', 'vif=["trusted=1"]'],
  ['vif=["forwarddev=eth0"]', 'vif=["vifname=0123456789abcdef"]', 'vif=["devid= 1"]'],
  ['vcpus=0', 'vcpus=129', 'maxmem=10', 'extra=["a"]', 'name="a/b"', 'name=""'],
].flat();

const ends: readonly Question[] = [
  { text: `${BASE}# no newline` },
  { text: `${BASE}#` },
  { text: `${BASE}a=1` },
  { text: `${BASE}a=[1` },
  { text: BASE, words: ['memory=128'] },
  { text: BASE, words: ['vcpus=2', 'maxvcpus=8'] },
  { text: `${BASE}cmdline="x"`, words: ['cmdline+="y"'] },
  { text: `${BASE}a=[1`, words: ['b=2]'] },
  { text: `${BASE}# x`, words: ['memory=5'] },
  { text: BASE, words: ['memory = 5'] },
  { text: BASE, words: ['='] },
  {
    text: '',
    words: ['name="x"', 'type="pvh"', 'kernel="k"', 'uuid="2f0b6f0a-5a4c-4a2e-9d0c-1f3e5d7c9b8a"'],
  },
];

const PIECES = [
  ['a', 'b1', 'cmdline', '=', '+=', '[', ']', ',', ';', '\n', '\n', '\n', ' ', '\t', '"x"', "'y'"],
  ['"a\\"b"', '1', '0x1f', '#', 'c', '"', "'", '\\', '-', '.', ':', 'A', 'é', '"\\101"'],
  ['extra="q"\n', 'cmdline="z"\n', 'a=["x"]\n', 'a=1\n', 'a=1', 'b="x"', 'c=["x","y"]'],
  ['cmdline="v"', 'cmdline+="w"', "extra='e'", 'root="r"', 'a = [ 1 ,\n2 ]', 'b+=["z"]'],
].flat();

function randomQuestion(random: Prng): Question {
  const pieces = Array.from({ length: 1 + random.below(9) }, () => {
    return random.pick(PIECES) + (random.chance(0.25) ? '\n' : '');
  });
  return { text: `${BASE}${pieces.join('')}\n` };
}

/** Values of every class for a key, with the operator before them. */
const VALUES = `=0 =1 =3 ="-1" ="x" ="" ="1 " ="1x" =08 =4294967296 =99999999999999999999 =[] =["x"]
  =["1"] =[["x"]] ="default" ="1,2" ="0x10" +="x"`;

const RANGES = `0-3 all nodes:0 ^1 0-3,^1 all,^0 nodes:all none ^all nodes:^0 0- 3-1 ALL 1,,2
  , 1, 4294967295 nodes: - ^^1 allx 1.5 -`;

/** What xlu makes of a string is a matter of bytes and of its escapes. */
const ESCAPES = ['\\', '0', '1', '4', '7', '8', '9', 'x', 'a', 'n', 'é', "'", ' ', 'F', '#', '$'];

function randomString(random: Prng): Question {
  const parts = Array.from({ length: 1 + random.below(7) }, () => random.pick(ESCAPES));
  return { text: `${BASE}cmdline="A${parts.join('')}B"\n` };
}

/** What a vif may be made of, and what looks like it. */
const VIF_KEYS = `bridge mac ip script vifname gatewaydev netdev backend rate mtu devid model type
  trusted untrusted accel vlan`.split(/\s+/);
const VIF_VALUES = ['', 'br0', '1', '9000', '1MB/s', '8Kb/s@1s', '5B/s@7', '00:16:3e:1:2:3', 'vif'];

function randomVif(random: Prng): Question {
  const parts = Array.from({ length: 1 + random.below(4) }, () => {
    const equals = random.chance(0.85) ? `=${random.pick(VIF_VALUES)}` : '';
    return `${' '.repeat(random.below(2))}${random.pick(VIF_KEYS)}${equals}`;
  });
  return { text: `${BASE}vif=["${parts.join(',')}"]\n` };
}

const bytes = (text: string): Uint8Array => Buffer.from(text, 'latin1');

/** Files as editors of other systems and encodings leave them. */
const files: readonly Question[] = [
  '# comment\r\nvcpus=2\n',
  'vcpus=2 # c\r\n',
  'vcpus=2\r\n',
  '\r\n',
  'cmdline="a#b"\r\n',
  "cmdline='#'\r\n",
  'cmdline="a" # "\r\n',
  '\xef\xbb\xbfvcpus=2\n',
  'cmdline="gr\xf6\xdfe"\n',
  'cmdline="gr\xc3\xb6\xc3\x9fe"\n',
  'extra="\xff\xfe"\nroot="\xc3"\n',
  'cmdline="\xed\xa0\x80\xf4\x90\x80\x80\xc0\x80"\n',
  '# \xf6\nvcpus=2\n',
  'vcpus=2\n\xff',
  'vcpus=2 \xff',
  'vcpus=2\n\xc3\xb6',
  'vcpus=2\n\xff\n',
  ...[
    'A',
    '"',
    "'",
    '?',
    '\\',
    '$',
    '$$',
    '=',
    '+',
    '+=',
    'a',
    '1',
    ',',
    '[',
    ']',
    '#',
    '\r',
    '-',
  ].flatMap((end) => [
    `vcpus=2\n${end}`,
    `vcpus=2 ${end}`,
    `a=[1]${end}`,
    `a=${end}`,
    `a=[1${end}`,
  ]),
  `# ${'x'.repeat(1_400_000)}\nvcpus=2\n`,
].map((text) => ({ text: bytes(`${BASE}${text}`) }));

describe('a configuration', () => {
  let xl: Xl;
  beforeAll(async () => {
    xl = await openXl();
  });
  afterAll(() => xl?.end());

  async function compare(questions: readonly Question[]): Promise<void> {
    const answers = await xl.dryRuns(questions);
    const ours = questions.map((question) => [shown(question), ourReading(question).meaning]);
    expect(ours).toEqual(questions.map((each, i) => [shown(each), meaningOfXl(answers[i]!)]));
  }

  it('of every kind means what xl takes it for', () =>
    compare([...alike.map((line) => ({ text: `${BASE}${line}\n` })), ...ends]));

  it('of any bytes and line ends means what xl takes it for', () => compare(files));

  it('at random means what xl takes it for', () => {
    const random = prng(11);
    return compare(Array.from({ length: 150 }, () => randomQuestion(random)));
  });

  it('with any escape means what xl takes it for', () => {
    const random = prng(12);
    return compare(Array.from({ length: 150 }, () => randomString(random)));
  });

  it('with vifs at random that xtl takes means what xl takes it for', async () => {
    const random = prng(14);
    const questions = Array.from({ length: 300 }, () => randomVif(random));
    const answers = await xl.dryRuns(questions);
    let count = 0;
    for (const [i, question] of questions.entries()) {
      const { meaning } = ourReading(question);
      // Of another release than this xl's.
      if (meaning === undefined || shown(question).includes('vlan=')) continue;
      expect([shown(question), meaning]).toEqual([shown(question), meaningOfXl(answers[i]!)]);
      count++;
    }
    expect(count).toBeGreaterThan(50);
  });

  it('is refused where xl warns and takes something else', async () => {
    const questions = stricter.map((line) => ({ text: `${BASE}${line}\n` }));
    const answers = await xl.dryRuns(questions);
    for (const [i, question] of questions.entries()) {
      expect([question, typeof answers[i]]).toEqual([question, 'object']);
      expect([question, ourReading(question).meaning]).toEqual([question, undefined]);
    }
  });

  it(
    'that xl refuses is refused; where more is, the table of keys says so',
    async () => {
      const random = prng(13);
      const classes = VALUES.split(/\s+/);
      const some = (count: number) => Array.from({ length: count }, () => random.pick(classes));
      const values = [
        // A few values are enough for a key that xtl does not look at.
        ...[...KEYS.values()].map(({ name, status, form }) =>
          (status !== 'now' && form === undefined ? some(2) : isAll ? classes : some(8)).map(
            (value) => [name, value] as const,
          ),
        ),
        ...RANGES.split(/\s+/).map((range) => [['cpus', `="${range}"`] as const]),
      ].flat();
      const questions = values.map(([key, value]) => ({ text: `${BASE}${key}${value}\n` }));
      const answers = await xl.dryRuns(questions);
      const laxer: string[] = [];
      const untold: string[] = [];
      for (const [i, [key, value]] of values.entries()) {
        const ours = ourReading(questions[i]!).meaning !== undefined;
        const doc = KEYS.get(key)!;
        // A single value is never a list, for any key that xtl acts on.
        const told =
          doc.status === 'refused' || doc.stricter !== undefined || value.startsWith('=[');
        if (ours && answers[i] === 'refused') laxer.push(`${key}${value}`);
        if (!ours && typeof answers[i] === 'object' && !told) untold.push(`${key}${value}`);
      }
      expect({ laxer, untold }).toEqual({ laxer: [], untold: [] });
    },
    PATIENCE_MS,
  );
});

describe("xl's words", () => {
  it('are all known: xtl has each verb, or says what serves instead', async () => {
    const xl = await openXl();
    const verbs = [...(await xl.run('help')).matchAll(/^ ([a-z][a-z0-9-]+) /gm)].map(
      ([, verb]) => verb!,
    );
    await xl.end();
    expect(verbs.length).toBeGreaterThan(80);
    const ours = COMMANDS.flatMap(({ alias }) => alias ?? []);
    expect(verbs.filter((verb) => !ours.includes(verb) && xlVerb(verb) === undefined)).toEqual([]);
  });
});

/** For a failure's words. */
function shown({ text, words = [] }: Question): string {
  const all = typeof text === 'string' ? text : Buffer.from(text).toString('latin1');
  return [all.slice(BASE.length, BASE.length + 200), ...words].join(' | ');
}
