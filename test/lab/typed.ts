// How a command is typed on a guest's console, and where its answer begins and ends there.

/** A terminal's line buffer holds 4095 bytes; the rest is for quotes and our own words. */
const maxCommandBytes = 2000;

export interface Typed {
  /** The line to type. */
  readonly line: string;
  /** The command's output and status once the text of the console has them. */
  parse(text: string): { stdout: string; code: number } | undefined;
}

/** A word of the shell with these characters. */
const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/**
 * The line that runs a command between two marks. In the line the marks are in two parts that the
 * shell joins, so that the terminal's echo of the line never looks like an answer.
 */
export const typed = (command: string, mark: string): Typed => {
  if (command.includes('\n')) throw new Error('a guest takes one line at a time');
  if (new TextEncoder().encode(command).length > maxCommandBytes) {
    throw new Error(`a guest's command has at most ${maxCommandBytes} bytes`);
  }
  const answer = new RegExp(`<${mark}>\r*\n([^]*?)<${mark}:(\\d+)>`);
  return {
    line: `echo '<'${mark}'>'; eval ${quoted(command)}; echo '<'${mark}":$?>"\n`,
    parse: (text) => {
      const match = answer.exec(text);
      if (!match) return undefined;
      return { stdout: (match[1] as string).replaceAll('\r', ''), code: Number(match[2]) };
    },
  };
};
