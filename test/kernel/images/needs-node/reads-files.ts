/** What a service for a stub domain must not import. */

import { readFileSync } from 'node:fs';

export function readGreeting(): string {
  return readFileSync('/etc/motd', 'utf8');
}
