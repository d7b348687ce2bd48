/** The arguments of `npm run relink`. */

export const usage = `usage: npm run relink -- SERVICE [options]
Links a service with the kernel of a stub domain: dist/stubdom/SERVICE.xen.
SERVICE is the name of a service or driver, or the path of a main.stubdom.ts.
  --config FILE   compile this file in as the service's configuration
  --debug         keep the parser and the sources: scripts can be parsed at run time
  --out DIR       where to write (dist/stubdom)
  --help          this text`;

export interface RelinkArguments {
  readonly service: string;
  readonly config: string | undefined;
  readonly debug: boolean;
  readonly out: string;
}

/** Parses the arguments; 'help' if that is asked for, `{ error }` names what is wrong. */
export function parseArguments(
  argv: readonly string[],
): RelinkArguments | 'help' | { readonly error: string } {
  const values = { service: '', config: '', out: 'dist/stubdom' };
  let debug = false;
  for (let i = 0; i < argv.length; i++) {
    const [name = '', inline] = split(argv[i] as string);
    if (name === '--help' || name === '-h') return 'help';
    if (name === '--debug') debug = true;
    else if (name === '--config' || name === '--out') {
      const value = inline ?? argv[++i];
      if (!value) return { error: `${name} needs a value` };
      values[name === '--config' ? 'config' : 'out'] = value;
    } else if (name.startsWith('-')) return { error: `unknown option ${name}` };
    else if (values.service) return { error: `one service at a time, not ${name} too` };
    else values.service = name;
  }
  if (!values.service) return { error: 'which service?' };
  return { service: values.service, config: values.config || undefined, debug, out: values.out };
}

function split(argument: string): string[] {
  const at = argument.indexOf('=');
  if (!argument.startsWith('--') || at < 0) return [argument];
  return [argument.slice(0, at), argument.slice(at + 1)];
}
