/** Keys that do not go into a VmSpec: mistyped, of another type of guest, or not built yet. */

import type { Setting } from '../xl-cfg/config.ts';
import { parseInteger } from '../xl-cfg/integer.ts';
import { KEYS, type KeyDoc } from './keys.ts';
import { nearest } from './nearest.ts';
import type { Values } from './values.ts';

export function checkOtherKeys(values: Values): void {
  for (const setting of values.config.settings.values()) {
    const key = KEYS.get(setting.name);
    if (key === undefined) blameUnknown(values, setting);
    else if (key.status !== 'now' && !saysNothing(setting, key)) blameKnown(values, setting, key);
  }
}

function blameUnknown(values: Values, setting: Setting): void {
  const near = nearest(setting.name, KEYS.keys());
  values.blameName(setting, {
    severity: 'warning',
    code: 'XTL-C025',
    message: `xl knows no key ${setting.name}; it has no effect`,
    hint: near === undefined ? undefined : `did you mean ${near}?`,
  });
}

function blameKnown(values: Values, setting: Setting, { status, name }: KeyDoc): void {
  const warn = (code: string, message: string): void =>
    values.blameName(setting, { severity: 'warning', code, message });
  if (status === 'later') warn('XTL-C026', `${name} comes later: the VM is made without it`);
  else if (status === 'other type') warn('XTL-C028', `${name} has no effect on a pvh guest`);
  else if (status === 'gone') warn('XTL-C028', `${name} has no effect any more`);
  else {
    values.blameName(setting, {
      code: 'XTL-C027',
      message: `${name} comes later, and without it the VM would not be what the file asks for`,
      hint: `remove ${name}, or create this VM by xl`,
    });
  }
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
