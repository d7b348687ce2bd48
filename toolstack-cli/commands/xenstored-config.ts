/**
 * Which xenstored a host starts: a variable in a file that Debian's /etc/init.d/xen or upstream's
 * launch-xenstore reads (sysconfig.xencommons.in @ RELEASE-4.17.0).
 */

/** Where the shipped program lies. */
export const PROGRAM = '/usr/lib/xtl/xenstored';

const BEGIN = '# xtl xenstored: begin (taken out by: xtl xenstored disable)';
const END = '# xtl xenstored: end';

export interface ConfigPlace {
  readonly file: string;
  /** Where it is there, `file` is read; the file itself need not exist. */
  readonly sign: string;
  /** Who reads it. */
  readonly reader: string;
}

export const PLACES: readonly ConfigPlace[] = [
  { file: '/etc/default/xen', sign: '/etc/init.d/xen', reader: "Debian's /etc/init.d/xen" },
  ...['/etc/default/xencommons', '/etc/sysconfig/xencommons', '/etc/conf.d/xencommons'].map(
    (file) => ({ file, sign: file, reader: "upstream's launch-xenstore" }),
  ),
];

/** The text without our lines: each end with the begin that is nearest to it. */
export function withoutOurs(text: string): string {
  let lines = text.split('\n');
  for (let end = 0; ; ) {
    end = lines.indexOf(END, end);
    if (end < 0) return lines.join('\n');
    const begin = lines.lastIndexOf(BEGIN, end);
    if (begin < 0) end++;
    else {
      lines = lines.toSpliced(begin, end + 1 - begin);
      end = begin;
    }
  }
}

/** The text with our lines at its end, where they outdo what is set before. */
export function withOurs(text: string, program: string): string {
  const rest = withoutOurs(text);
  const newline = rest === '' || rest.endsWith('\n') ? '' : '\n';
  return `${rest}${newline}${BEGIN}\nXENSTORED=${program}\n${END}\n`;
}

/** The program that a shell reading the text would start; undefined for the reader's own choice. */
export function chosenIn(text: string): string | undefined {
  let chosen: string | undefined;
  for (const line of text.split('\n')) {
    const set = /^\s*(?:export\s+)?XENSTORED=(.*?)\s*(?:#.*)?$/.exec(line);
    if (set !== null) chosen = set[1]?.replace(/^(["'])(.*)\1$/, '$2') || undefined;
  }
  return chosen;
}
