/** `xtl net capture`: the frames of a network interface, as a file that Wireshark reads. */

import { DOM0 } from '../../shared/core/ids.ts';
import { fromUtf8 } from '../../shared/core/utf8.ts';
import { listVifs } from '../../shared/domain/build/index.ts';
import type { Capture } from '../../shared/platform/capture.ts';
import { interfaceBlock, sectionBlock, statisticsBlock } from '../../shared/telemetry/pcapng.ts';
import type { Context } from '../context.ts';
import { findDomain } from '../domains.ts';
import type { Host } from '../host.ts';
import { DONE, EXIT, failed, failure, type Outcome } from '../output/exit.ts';
import { readable } from '../output/style.ts';
import type { Options } from '../table.ts';
import type { Sink } from '../terminal.ts';
import { VERSION } from '../version.ts';
import { packFrames } from './capture-file.ts';
import { readCount } from './store.ts';
import { isVif, readVifWord } from './vif-word.ts';

export async function netCapture(
  context: Context,
  [domain = '', word = '', file = '-']: readonly string[],
  options: Options,
): Promise<Outcome> {
  const wanted = readVifWord(word);
  if (!wanted.ok) return failure(EXIT.usage, wanted.error.what);
  const count = readCount(options.count);
  if (!count.ok) return failure(EXIT.usage, count.error.what);
  if (file === '-' && context.terminal.out.isTty) {
    return failure(EXIT.usage, 'a capture is nothing for a terminal: name a file, or use a pipe');
  }
  const host = await context.host();
  if (!host.ok) return failed(host.error);
  const info = await findDomain(host.value, domain);
  if (!info.ok) return failed(info.error);
  const vifs = await listVifs(host.value.xenstore, info.value.domid);
  if (!vifs.ok) return failed(vifs.error);
  const vif = vifs.value.find((each) => isVif(each, wanted.value));
  if (vif === undefined) return failure(EXIT.notFound, `there is no vif ${word}`);
  if (vif.backend !== DOM0) {
    const where = `domain ${vif.backend} serves vif ${vif.device}`;
    return failure(EXIT.wrongState, `${where}: its frames do not pass domain 0`);
  }
  const name = fromUtf8(vif.interfaceName);
  const capture = await host.value.capture(name);
  if (!capture.ok) return failed(capture.error, '', { ENODEV: EXIT.notFound });
  const output = file === '-' ? ({ ok: true, value: context.terminal.out } as const) : undefined;
  const sink = output ?? (await context.output(file));
  if (!sink.ok) {
    await capture.value.stop();
    return failed(sink.error);
  }
  const head = [
    sectionBlock(`xtl ${VERSION}`),
    interfaceBlock(name, `vif ${vif.device} of ${domain}`),
  ];
  for (const block of head) sink.value.write(block);
  return record(context, host.value, capture.value, sink.value, {
    ...{ name, most: count.value ?? Number.POSITIVE_INFINITY, quiet: options.quiet === true },
  });
}

interface Recording {
  readonly name: string;
  /** Frames, then it ends. */
  readonly most: number;
  readonly quiet: boolean;
}

/** Until a signal comes, the reader or the interface is gone, or there were as many as wanted. */
async function record(
  context: Context,
  { clock }: Host,
  capture: Capture,
  sink: Sink,
  { name, most, quiet }: Recording,
): Promise<Outcome> {
  const { err } = context.terminal;
  const signals = context.holdSignals();
  let frames = 0;
  let isOver = false;
  const packets = packFrames((blocks) => sink.write(blocks));
  const why = await new Promise<string | undefined>((resolve) => {
    const end = (reason?: string): void => resolve(reason);
    signals.whenFirst(() => end());
    sink.whenClosed(() => end());
    capture.receive({
      frame: (frame) => {
        if (frames === most) return;
        packets.add(frame);
        frames++;
      },
      batch: () => {
        packets.flush();
        if (frames === most) end();
        return isOver ? undefined : sink.drained();
      },
      end,
    });
  });
  isOver = true;
  const { dropped } = await capture.stop();
  packets.flush();
  sink.write(statisticsBlock(clock.wallMs(), frames + dropped, dropped));
  const written = await sink.flush();
  signals.release();
  if (!written.ok) return failed(written.error);
  if (!quiet) {
    const lost = dropped === 0 ? '' : `, ${dropped} more were too fast`;
    const reason = why === undefined ? '' : `: ${why}`;
    const counted = frames === 1 ? '1 frame' : `${frames} frames`;
    err.write(`${readable(`${counted} of ${name}${lost}${reason}`)}\n`);
  }
  return DONE;
}
