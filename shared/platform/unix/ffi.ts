/** Functions of C libraries, through koffi: loaded when first needed, never at import. */

import { createRequire } from 'node:module';
import type koffi from 'koffi';
import { errnoName } from '../../core/errno.ts';
import { type Failure, fail, ok, type Result } from '../../core/result.ts';

export type Koffi = typeof koffi;

/** An integer or an address, memory to read from or write to, or NULL. */
export type NativeArg = number | bigint | ArrayBufferView | null;

/** Integers and addresses alike: an address of a process fits in 47 bits. */
export type Native = (...args: NativeArg[]) => number;

/** Name, then the C types of the result and of the arguments. */
export type Signatures<K extends string> = Readonly<Record<K, readonly [string, ...string[]]>>;

export type Bindings<K extends string> = Readonly<Record<K, Native>>;

let loaded: Koffi | undefined;

/**
 * koffi itself. Its own entry spends most of its 10 ms on finding out which of its binaries fits,
 * so the one for this project's machines is tried first.
 */
export function ffi(): Koffi {
  if (loaded === undefined) {
    const require = createRequire(import.meta.url);
    try {
      loaded = require('@koromix/koffi-linux-x64/linux_x64/koffi.node') as Koffi;
    } catch {
      loaded = require('koffi') as Koffi;
    }
  }
  return loaded;
}

/** The functions of `library`. ENOENT names a library that is not installed, ENOSYS a function. */
export function bind<K extends string>(
  library: string,
  signatures: Signatures<K>,
): Result<Bindings<K>> {
  let functions: ReturnType<Koffi['load']>;
  try {
    functions = ffi().load(library);
  } catch (thrown) {
    return fail('ENOENT', `cannot load ${library}: ${(thrown as Error).message}`);
  }
  const bound: Partial<Record<K, Native>> = {};
  for (const name of Object.keys(signatures) as K[]) {
    const [result, ...args] = signatures[name];
    try {
      bound[name] = functions.func(name, result, args) as Native;
    } catch (thrown) {
      return fail('ENOSYS', `${library} has no ${name}: ${(thrown as Error).message}`);
    }
  }
  return ok(bound as Bindings<K>);
}

export interface Once<T> {
  (): Result<T>;
  /** The value, if it was made. */
  peek(): T | undefined;
}

/** Makes a value when first asked; a failure is tried again, a success kept. */
export function once<T>(make: () => Result<T>): Once<T> {
  let kept: Result<T> | undefined;
  const get = () => {
    if (kept === undefined || !kept.ok) kept = make();
    return kept;
  };
  return Object.assign(get, { peek: () => (kept?.ok ? kept.value : undefined) });
}

/** The failure of the native call just made. */
export function lastFailure(what: string): { ok: false; error: Failure } {
  return fail(errnoName(ffi().errno()), what);
}
