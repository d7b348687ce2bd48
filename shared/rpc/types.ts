/**
 * Descriptions of values: what the compiler knows of them and what is looked at when they come.
 * `read` makes a new value of what is described, and of nothing else: fields that nobody knows are
 * left out, so that a newer peer may say more.
 */

export type Read<T> = { readonly ok: true; readonly value: T } | Fault;

/** Where it is wrong, and how, in words. */
export interface Fault {
  readonly ok: false;
  readonly fault: string;
}

export interface Type<T> {
  /** `a string of at most 64 characters`. */
  readonly says: string;
  /** `at` is where the value stands, for faults: `args.name`. */
  read(value: unknown, at: string): Read<T>;
  /** A field of this type may be missing. */
  readonly isOptional?: true;
}

export type Infer<D> = D extends Type<infer T> ? T : never;

/** What somebody sent, short enough for a message. */
function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 40));
  if (typeof value === 'number' || typeof value === 'boolean' || value === null) return `${value}`;
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  return Array.isArray(value) ? `a list of ${value.length}` : `a value of type ${typeof value}`;
}

function described<T>(says: string, accepts: (value: unknown) => value is T): Type<T> {
  return {
    says,
    read: (value, at) =>
      accepts(value)
        ? { ok: true, value }
        : { ok: false, fault: `${at}: ${says}, not ${shown(value)}` },
  };
}

export const boolean: Type<boolean> = described(
  'true or false',
  (value) => typeof value === 'boolean',
);

/** Characters are UTF-16 code units, as `length` counts them. */
export function string(most: number): Type<string> {
  return described(
    `a string of at most ${most} characters`,
    (value): value is string => typeof value === 'string' && value.length <= most,
  );
}

/** A whole number that JavaScript has exactly. */
export function integer(least: number, most: number): Type<number> {
  return described(
    `a whole number from ${least} to ${most}`,
    (value): value is number =>
      Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most,
  );
}

export function bytes(most: number): Type<Uint8Array> {
  return described(
    `at most ${most} bytes`,
    (value): value is Uint8Array => value instanceof Uint8Array && value.length <= most,
  );
}

export function oneOf<const W extends string>(...words: readonly W[]): Type<W> {
  const known = new Set<unknown>(words);
  return described(`one of ${words.join(', ')}`, (value): value is W => known.has(value));
}

/** No value at all. */
export const nothing: Type<undefined> = {
  says: 'nothing',
  read: (value, at) =>
    value === undefined || value === null
      ? { ok: true, value: undefined }
      : { ok: false, fault: `${at}: nothing, not ${shown(value)}` },
};

export function array<T>(of: Type<T>, most: number): Type<readonly T[]> {
  const says = `a list of at most ${most}`;
  return {
    says,
    read: (value, at) => {
      if (!Array.isArray(value) || value.length > most) {
        return { ok: false, fault: `${at}: ${says}, not ${shown(value)}` };
      }
      const list: T[] = [];
      for (const [i, one] of value.entries()) {
        const read = of.read(one, `${at}[${i}]`);
        if (!read.ok) return read;
        list.push(read.value);
      }
      return { ok: true, value: list };
    },
  };
}

/** A field that may be missing. */
export function optional<T>(of: Type<T>): Type<T | undefined> & { readonly isOptional: true } {
  return {
    says: `${of.says}, or nothing`,
    isOptional: true,
    read: (value, at) => (value === undefined ? { ok: true, value } : of.read(value, at)),
  };
}

type Shape = Readonly<Record<string, Type<unknown>>>;
type OptionalKeys<S extends Shape> = {
  [K in keyof S]: S[K] extends { readonly isOptional: true } ? K : never;
}[keyof S];

type Fields<S extends Shape> = {
  readonly [K in Exclude<keyof S, OptionalKeys<S>>]: Infer<S[K]>;
} & { readonly [K in OptionalKeys<S>]?: Infer<S[K]> };

export type ObjectOf<S extends Shape> = { readonly [K in keyof Fields<S>]: Fields<S>[K] };

export function object<const S extends Shape>(shape: S): Type<ObjectOf<S>> {
  const entries = Object.entries(shape);
  return {
    says: `an object with ${Object.keys(shape).join(', ')}`,
    read: (value, at) => {
      if (typeof value !== 'object' || value === null || Array.isArray(value)) {
        return { ok: false, fault: `${at}: an object, not ${shown(value)}` };
      }
      const found: Record<string, unknown> = {};
      for (const [name, type] of entries) {
        const field = Object.hasOwn(value, name)
          ? (value as Record<string, unknown>)[name]
          : undefined;
        const read = type.read(field, `${at}.${name}`);
        if (!read.ok) return read;
        if (read.value !== undefined) found[name] = read.value;
      }
      return { ok: true, value: found as ObjectOf<S> };
    },
  };
}

/** Objects whose field `kind` says which they are. */
export function variants<const V extends Readonly<Record<string, Shape>>>(
  shapes: V,
): Type<{ [K in keyof V]: { readonly kind: K } & ObjectOf<V[K]> }[keyof V]> {
  type Value = { [K in keyof V]: { readonly kind: K } & ObjectOf<V[K]> }[keyof V];
  const types = new Map(Object.entries(shapes).map(([kind, shape]) => [kind, object(shape)]));
  const kindOf = object({ kind: oneOf(...Object.keys(shapes)) });
  return {
    says: `an object whose kind is one of ${Object.keys(shapes).join(', ')}`,
    read: (value, at) => {
      const kind = kindOf.read(value, at);
      if (!kind.ok) return kind;
      const read = types.get(kind.value.kind)?.read(value, at);
      if (read === undefined || !read.ok)
        return read ?? { ok: false, fault: `${at}: no such kind` };
      return { ok: true, value: { ...read.value, kind: kind.value.kind } as Value };
    },
  };
}
