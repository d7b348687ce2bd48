// Our reading of xl.cfg beside xl's own: the same files, the same words, the same meaning.
import { execa } from 'execa';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Prng, prng } from '../../shared/core/prng.ts';
import { fromUtf8 } from '../../shared/domain/spec/utf8.ts';
import { type PeerTree, peerTree } from '../peers/packages.ts';
import { type Meaning, ourReading, parseAnswers, type Question, scriptFor } from './xl-oracle.ts';

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

/** Ends with a newline: xl forgets a wrong character that is the last of a file. */
function randomQuestion(random: Prng): Question {
  const pieces = Array.from({ length: 1 + random.below(9) }, () => {
    return random.pick(PIECES) + (random.chance(0.25) ? '\n' : '');
  });
  return { text: `${BASE}${pieces.join('')}\n` };
}

/** As text, where ours holds bytes. */
function textual(meaning: Meaning): Meaning {
  return meaning && { ...meaning, cmdline: fromUtf8(meaning.cmdline) };
}

function compare(questions: readonly Question[], xl: readonly Meaning[]): void {
  const ours = questions.map((question) => [question, textual(ourReading(question).meaning)]);
  expect(ours).toEqual(questions.map((question, i) => [question, xl[i]]));
}

describe('a configuration', () => {
  let tree: PeerTree;
  beforeAll(async () => {
    tree = await peerTree();
  });

  async function ask(questions: readonly Question[]): Promise<readonly Meaning[]> {
    const env = {
      PATH: `${tree.programs}:${process.env.PATH}`,
      LD_LIBRARY_PATH: tree.libraries,
      XL_PRELOAD: tree.forXl,
    };
    const { stdout, stderr } = await execa('bash', ['-s'], { input: scriptFor(questions), env });
    expect(stderr).toBe('');
    return parseAnswers(stdout);
  }

  it('of every kind means what xl takes it for', async () => {
    const questions = [...alike.map((line) => ({ text: `${BASE}${line}\n` })), ...ends];
    const meanings = await ask(questions);
    compare(questions, meanings);
  });

  it('is refused where xl warns and takes something else', async () => {
    const questions = stricter.map((line) => ({ text: `${BASE}${line}\n` }));
    const meanings = await ask(questions);
    for (const [i, question] of questions.entries()) {
      expect([question, meanings[i] !== undefined]).toEqual([question, true]);
      expect([question, ourReading(question).meaning]).toEqual([question, undefined]);
    }
  });

  it('at random means what xl takes it for', async () => {
    const random = prng(11);
    const questions = Array.from({ length: 300 }, () => randomQuestion(random));
    const meanings = await ask(questions);
    compare(questions, meanings);
  });
});
