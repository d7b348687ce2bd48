/**
 * What the engine's source is changed in beside its tables. Each change names how often what it
 * replaces occurs: in another version, where it does not, it is an error instead of a surprise.
 */

export interface Change {
  readonly why: string;
  readonly from: string;
  readonly to: string;
  readonly times: number;
}

/** Of the engine of a domain. */
export const ENGINE_CHANGES: readonly Change[] = [
  {
    why: 'regular expressions come compiled: their compiler is asked for apart',
    from: '    JS_AddIntrinsicRegExpCompiler(ctx);\n',
    to: '',
    times: 1,
  },
];

/**
 * Of the compiler of scripts. They were tested under another engine, which throws where a variable
 * is used before its declaration: here such a use is not looked for, which saves an instruction for
 * each variable that is declared and lets the others be shorter.
 */
export const COMPILER_CHANGES: readonly Change[] = [
  {
    why: 'local variables are not looked at before their use',
    from: 'if (s->vars[var_idx].is_lexical)',
    to: 'if (s->vars[var_idx].is_lexical && var_name == JS_ATOM_this)',
    times: 3,
  },
  {
    why: 'variables of outer functions are not looked at before their use',
    from: 'if (s->closure_var[idx].is_lexical)',
    to: 'if (s->closure_var[idx].is_lexical && var_name == JS_ATOM_this)',
    times: 3,
  },
  {
    why: 'local variables are not marked as not yet declared',
    from: `
                                dbuf_putc(&bc_out, OP_set_loc_uninitialized);
                                dbuf_put_u16(&bc_out, scope_idx);`,
    to: '',
    times: 1,
  },
];

export function applyChanges(source: string, changes: readonly Change[]): string {
  let text = source;
  for (const { from, to, times, why } of changes) {
    const found = text.split(from).length - 1;
    if (found !== times) {
      throw new Error(`the engine's source has ${found} places, not ${times}, where ${why}`);
    }
    text = text.replaceAll(from, to);
  }
  return text;
}
