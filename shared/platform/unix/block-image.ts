/** Images in formats other than raw as disks: each behind a server of its own. */

import { ok, type Result } from '../../core/result.ts';
import type { BlockIo } from '../block-io.ts';
import { type BlockNbdOptions, openBlockNbd } from './block-nbd.ts';
import { type ImageServerOptions, serveImage } from './image-server.ts';

export type BlockImageOptions = ImageServerOptions &
  Omit<BlockNbdOptions, 'address' | 'exportName' | 'isReadOnly'>;

/** Between looks whether a server of ours is back: it is near, and started anew by us. */
const RETRY_MAX_MS = 50;

/** Errors are those of serveImage and openBlockNbd. */
export async function openBlockImage(options: BlockImageOptions): Promise<Result<BlockIo>> {
  const server = await serveImage(options);
  if (!server.ok) return server;
  const { socketPath, close } = server.value;
  const { isReadOnly } = options.image;
  const address = { path: socketPath };
  const at = { address, exportName: '', isReadOnly, retryMaxMs: RETRY_MAX_MS };
  const io = await openBlockNbd({ ...options, ...at });
  if (!io.ok) {
    await close();
    return io;
  }
  return ok({
    ...io.value,
    close: () => {
      io.value.close();
      void close();
    },
  });
}
