/** A host whose xenstore is yet to come: hypercalls, dom0's kernel, and patience. */

import { ok, type Result } from '../../shared/core/result.ts';
import type { StoreDomainHost } from '../../shared/domain/build/index.ts';
import { openUnix } from '../../shared/platform/unix/platform.ts';
import { builders } from '../../shared/platform/unix/process-id.ts';
import { handOver } from '../../shared/platform/unix/xenbus-backend.ts';
import { connectXenstore } from '../../shared/platform/unix/xenstore-socket.ts';
import { createXenstoreClient } from '../../shared/xenstore/client.ts';
import { noXen } from './no-xen.ts';

/** How long a domain that was just started may take for its first answer. */
const START_MS = 30_000;

/** ENODEV without Xen, EACCES without privilege. */
export function openStoreDomainHost(): Result<StoreDomainHost> {
  const platform = openUnix();
  if (!platform.ok) return noXen(platform);
  const { domainControl, memory, clock } = platform.value;
  return ok({
    domainControl,
    memory,
    clock,
    builders,
    handOver,
    connect: async () => {
      const late = clock.nowMs() + START_MS;
      for (;;) {
        const transport = await connectXenstore();
        if (transport.ok) return ok(createXenstoreClient(transport.value));
        if (transport.error.errno !== 'ETIMEDOUT' || clock.nowMs() > late) return noXen(transport);
      }
    },
  });
}
