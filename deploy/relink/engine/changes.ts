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

/** What JS_GetPropertyInternal and JS_SetPropertyInternal look for first. */
const OWN_PROPERTIES = `
static force_inline JSValue get_field(JSContext *ctx, JSValueConst obj, JSAtom atom)
{
    if (likely(JS_VALUE_GET_TAG(obj) == JS_TAG_OBJECT)) {
        JSProperty *pr;
        JSShapeProperty *prs = find_own_property(&pr, JS_VALUE_GET_OBJ(obj), atom);
        if (prs && likely(!(prs->flags & JS_PROP_TMASK)))
            return JS_DupValue(ctx, pr->u.value);
    }
    return JS_GetProperty(ctx, obj, atom);
}

static force_inline int put_field(JSContext *ctx, JSValueConst obj, JSAtom atom, JSValue value)
{
    const int kind = JS_PROP_TMASK | JS_PROP_WRITABLE | JS_PROP_LENGTH;
    if (likely(JS_VALUE_GET_TAG(obj) == JS_TAG_OBJECT)) {
        JSProperty *pr;
        JSShapeProperty *prs = find_own_property(&pr, JS_VALUE_GET_OBJ(obj), atom);
        if (prs && likely((prs->flags & kind) == JS_PROP_WRITABLE)) {
            set_value(ctx, &pr->u.value, value);
            return TRUE;
        }
    }
    return JS_SetPropertyInternal(ctx, obj, atom, value, obj, JS_PROP_THROW_STRICT);
}

`;

/** Of the engine of a domain. */
export const ENGINE_CHANGES: readonly Change[] = [
  {
    why: 'regular expressions come compiled: their compiler is asked for apart',
    from: '    JS_AddIntrinsicRegExpCompiler(ctx);\n',
    to: '',
    times: 1,
  },
  {
    why: 'nobody interrupts a script: there is nothing to count down to',
    from: 'if (unlikely(--ctx->interrupt_counter <= 0)) {',
    to: 'if (0) {',
    times: 1,
  },
  {
    why: "plain properties of an object's own are found without a call",
    from: 'static no_inline __exception int __js_poll_interrupts(JSContext *ctx)\n{',
    to: `${OWN_PROPERTIES}static no_inline __exception int __js_poll_interrupts(JSContext *ctx)\n{`,
    times: 1,
  },
  {
    why: 'they are read so',
    from: 'val = JS_GetProperty(ctx, sp[-1], atom);',
    to: 'val = get_field(ctx, sp[-1], atom);',
    times: 2,
  },
  {
    why: 'and they are written so',
    from: `ret = JS_SetPropertyInternal(ctx, sp[-2], atom, sp[-1], sp[-2],
                                             JS_PROP_THROW_STRICT);`,
    to: 'ret = put_field(ctx, sp[-2], atom, sp[-1]);',
    times: 1,
  },
];

/** As the compiler itself moves what a loop does after each round. */
const MOVE_PATTERN = `
        if (hasval == 2) {
            DynBuf *bc = &s->cur_func->byte_code;
            int size = bc->size - start_addr, offset, i;
            if (next_token(s) || js_parse_assign_expr(s))
                return -1;
            offset = bc->size - start_addr;
            if (dbuf_realloc(bc, bc->size + size))
                return -1;
            dbuf_put(bc, bc->buf + start_addr, size);
            memset(bc->buf + start_addr, OP_nop, size);
            s->cur_func->last_opcode_pos = -1;
            for (i = 0; i < s->cur_func->label_count; i++) {
                LabelSlot *ls = &s->cur_func->label_slots[i];
                if (ls->pos >= start_addr && ls->pos < start_addr + size)
                    ls->pos += offset;
            }
            return TRUE;
        }`;

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
  {
    why: 'a declared pattern gets its value from the stack',
    from: `
                emit_op(s, OP_undefined);
                if (js_parse_destructuring_element(s, tok, 0, TRUE, skip_bits`,
    to: `
                if (js_parse_destructuring_element(s, tok, 0, 2, skip_bits`,
    times: 1,
  },
  {
    why: 'which nothing looks at before',
    from: `
    if (hasval) {
        /* consume value from the stack */`,
    to: `
    if (hasval == 2) {
        /* The value's own code, which comes later, will be in front. */
    } else if (hasval) {
        /* consume value from the stack */`,
    times: 1,
  },
  {
    why: "the pattern's code is moved behind its value's",
    from: `
        label_done = emit_goto(s, OP_goto, -1);
        if (next_token(s))
            return -1;
        emit_label(s, label_parse);
        if (hasval)`,
    to: `${MOVE_PATTERN}
        label_done = emit_goto(s, OP_goto, -1);
        if (next_token(s))
            return -1;
        emit_label(s, label_parse);
        if (hasval)`,
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
