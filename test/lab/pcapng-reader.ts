/** A reader of pcapng for tests, which trusts no length: each is found in both its places. */

export interface PcapngPacket {
  readonly ns: bigint;
  readonly length: number;
  readonly data: Uint8Array;
  readonly flags: number;
}

export interface Pcapng {
  readonly application: string;
  readonly interface: string;
  readonly description: string;
  readonly packets: readonly PcapngPacket[];
  /** Of the last block. */
  readonly statistics: { received: bigint; dropped: bigint } | undefined;
}

type Options = ReadonlyMap<number, Uint8Array>;

function readOptions(bytes: Uint8Array): Options {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const options = new Map<number, Uint8Array>();
  for (let at = 0; at < bytes.length; ) {
    const [code, length] = [view.getUint16(at, true), view.getUint16(at + 2, true)];
    if (code === 0) {
      if (length !== 0 || at + 4 !== bytes.length) throw new Error('options do not end at the end');
      return options;
    }
    const value = bytes.subarray(at + 4, at + 4 + length);
    if (value.length !== length) throw new Error('an option is cut off');
    options.set(code, value);
    at += 4 + Math.ceil(length / 4) * 4;
  }
  throw new Error('options without an end');
}

const text = (options: Options, code: number): string =>
  new TextDecoder('utf8', { fatal: true }).decode(options.get(code));

function number(options: Options, code: number): bigint {
  const value = options.get(code);
  if (value === undefined) return -1n;
  const view = new DataView(value.buffer, value.byteOffset, value.length);
  return value.length === 8 ? view.getBigUint64(0, true) : BigInt(view.getUint32(0, true));
}

function readPacket(body: Uint8Array): PcapngPacket {
  const view = new DataView(body.buffer, body.byteOffset, body.length);
  const [high, low] = [view.getUint32(4, true), view.getUint32(8, true)];
  const captured = view.getUint32(12, true);
  const options = readOptions(body.subarray(20 + Math.ceil(captured / 4) * 4));
  return {
    ns: (BigInt(high) << 32n) | BigInt(low),
    length: view.getUint32(16, true),
    data: Uint8Array.from(body.subarray(20, 20 + captured)),
    flags: Number(number(options, 2)),
  };
}

export function readPcapng(bytes: Uint8Array): Pcapng {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const packets: PcapngPacket[] = [];
  let [application, name, description] = ['', '', ''];
  let statistics: Pcapng['statistics'];
  for (let at = 0; at < bytes.length; ) {
    const [type, size] = [view.getUint32(at, true), view.getUint32(at + 4, true)];
    if (size % 4 !== 0 || size < 12 || view.getUint32(at + size - 4, true) !== size) {
      throw new Error(`a block of ${size} bytes at ${at}`);
    }
    if (statistics !== undefined) throw new Error('there is more behind the statistics');
    const body = bytes.subarray(at + 8, at + size - 4);
    if (at === 0 && (type !== 0x0a0d0d0a || view.getUint32(8, true) !== 0x1a2b3c4d)) {
      throw new Error('no section begins the file');
    }
    if (type === 0x0a0d0d0a) application = text(readOptions(body.subarray(16)), 4);
    else if (type === 1) {
      const options = readOptions(body.subarray(8));
      if (view.getUint16(at + 8, true) !== 1) throw new Error('no Ethernet');
      if (options.get(9)?.[0] !== 9) throw new Error('no nanoseconds');
      [name, description] = [text(options, 2), text(options, 3)];
    } else if (type === 6) packets.push(readPacket(body));
    else if (type === 5) {
      const options = readOptions(body.subarray(12));
      statistics = { received: number(options, 4), dropped: number(options, 5) };
    } else throw new Error(`a block of type ${type}`);
    at += size;
  }
  return { application, interface: name, description, packets, statistics };
}
