/** Keys that do not go into a VmSpec: mistyped, of another type of guest, or not built yet. */

import type { Setting } from '../xl-cfg/config.ts';
import { parseInteger } from '../xl-cfg/integer.ts';
import { shortened } from '../xl-cfg/problem.ts';
import { KEYS, type KeyDoc, type KeyForm } from './keys.ts';
import { nearest } from './nearest.ts';
import type { Values } from './values.ts';

export function checkOtherKeys(values: Values): void {
  for (const setting of values.config.settings.values()) {
    const key = KEYS.get(setting.name);
    if (key === undefined) blameUnknown(values, setting);
    else if (key.form !== undefined && !hasForm(setting, key.form, key)) {
      blameForm(values, setting, key.form, key);
    } else if (key.status !== 'now' && !saysNothing(setting, key)) blameKnown(values, setting, key);
  }
}

/** What xlu_cfg_get_bounded_long allows of these keys (xl_parse.c @ RELEASE-4.17.0). */
const COUNT_MAX = 2n ** 31n - 1n;

/** As update_cpumap_range and parse_range in xl_parse.c @ RELEASE-4.17.0 read it. */
const CPUS = /^\s*(?:\^?(?:nodes?:)?(\d+)(?:-(\d+))?|(?:nodes?:)?all)$/;

function hasForm({ value }: Setting, form: KeyForm, { values: names = [] }: KeyDoc): boolean {
  // A list where xl wants a single value passes: it has no effect there.
  if (value.kind === 'list') return form !== 'count';
  const { text } = value;
  const integer = parseInteger(text);
  switch (form) {
    case 'list':
    case 'not beside kernel':
      return false;
    case 'count':
      return integer.ok && integer.value >= 0n && integer.value <= COUNT_MAX;
    case 'exact name':
      return names.includes(text);
    case 'name':
      return names.includes(text.toLowerCase());
    case 'name or index':
      if (integer.ok) return integer.value >= 0n && integer.value < names.length;
      return names.includes(text.toLowerCase());
    case 'cpus':
      return text.split(',').every((part) => {
        const [whole, first = '0', last = first] = CPUS.exec(part) ?? [];
        return part === '' || (whole !== undefined && inOrder(first, last));
      });
  }
}

/** Numbers of processors, the first not above the last. */
function inOrder(first: string, last: string): boolean {
  return last.length < 10 && Number(first) <= Number(last);
}

const FORM_HINTS: Readonly<Record<KeyForm, string>> = {
  list: 'write [ "..." ]',
  count: 'it is a number from 0 to 2147483647; leave it out for the default',
  cpus: 'it is like "0-3,^2" or "all"',
  'not beside kernel': 'the kernel is given: remove one of them',
  name: '',
  'exact name': '',
  'name or index': '',
};

function blameForm(values: Values, { name }: Setting, form: KeyForm, key: KeyDoc): void {
  values.blame(name, {
    code: 'XTL-C024',
    message: `this is no value for ${name}, for xl either`,
    hint: FORM_HINTS[form] || `it is one of ${key.values?.join(', ')}`,
  });
}

function blameUnknown(values: Values, setting: Setting): void {
  const near = nearest(setting.name, KEYS.keys());
  values.blameName(setting, {
    severity: 'warning',
    code: 'XTL-C025',
    message: `xl knows no key ${shortened(setting.name)}; it has no effect`,
    hint: near === undefined ? undefined : `did you mean ${near}?`,
  });
}

function blameKnown(values: Values, setting: Setting, { status, name, type }: KeyDoc): void {
  const warn = (code: string, message: string): void =>
    values.blameName(setting, { severity: 'warning', code, message });
  if (status === 'later') warn('XTL-C026', `${name} comes later: the VM is made without it`);
  else if (status === 'other type') warn('XTL-C028', `${name} has no effect on a pvh guest`);
  else if (status === 'gone') warn('XTL-C028', `${name} has no effect any more`);
  else {
    values.blameName(setting, {
      code: 'XTL-C027',
      message: `${name} comes later, and without it the VM would not be what the file asks for`,
      hint: `make it by xl, or put ${name}=${nothing(type)} behind the file to make it without`,
    });
  }
}

/** A value that asks for nothing, as one writes it behind the file on the command line. */
function nothing(type: KeyDoc['type']): string {
  if (type === 'list') return '[]';
  return type === 'boolean' ? '0' : '""';
}

/** Whether the setting asks for nothing but the default. */
function saysNothing({ value }: Setting, key: KeyDoc): boolean {
  if (value.kind === 'list') return value.items.length === 0;
  if (value.text === key.fallback || value.text === '') return true;
  const [given, usual] = [parseInteger(value.text), parseInteger(key.fallback ?? '')];
  if (!given.ok || !usual.ok) return false;
  return key.type === 'boolean'
    ? (given.value === 0n) === (usual.value === 0n)
    : given.value === usual.value;
}
