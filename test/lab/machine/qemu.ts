// The QEMU command line that boots a real Xen with its dom0.
import type { ImageKind, Images } from '../image/images.ts';
import type { XenVersion } from '../xen-version.ts';

export type Accel = 'tcg' | 'kvm';
export const accels: readonly Accel[] = ['tcg', 'kvm'];

export interface MachineOptions {
  readonly xen: XenVersion;
  readonly accel: Accel;
  /** Which xenstored dom0 starts: `c`, `ocaml`, `stubdom`, `xtl-stubdom` or a program's path. */
  readonly xenstored: string;
  /** Two unless given. */
  readonly cpus?: number;
  /** `plain` unless given; the images given must be of that kind. */
  readonly image?: ImageKind;
  /** A disk that keeps what dom0 writes, in place of the images' own. */
  readonly disk?: string | undefined;
}

/**
 * One thread emulates both processors: with one each, about one Linux in ten dies in a guest, boots
 * take two to three times as long beside other load, and a second host has no core left.
 * Under emulation some features of the "max" processor are left out: with SMAP a PV dom0 dies on
 * its first stack write, and with RDTSCP Linux in a PVH guest meets a gap of the emulated SVM.
 */
const processor: Readonly<Record<Accel, readonly string[]>> = {
  tcg: ['-accel', 'tcg,thread=single,tb-size=512', '-cpu', 'max,-smap,-pku,-rdtscp'],
  kvm: ['-accel', 'kvm', '-cpu', 'host'],
};

/** The first QEMU known not to run Xen's guests on emulated nested paging; 7.2 does. */
const firstWithoutNestedPaging = 8;

/** The major version in what `qemu-system-x86_64 --version` prints. */
export const qemuMajor = (text: string): number =>
  Number(/^QEMU emulator version (\d+)\./.exec(text)?.[1] ?? Number.NaN);

/**
 * `eager-fpu`: by default Xen lets a domain run with another one's vector registers until it traps
 * on their first use (CR0.TS), and QEMU's AVX instructions do not trap: memory that libc cleared
 * with a vector store then holds another process's bytes.
 */
const xenArguments = [
  'console=com1 com1=115200,8n1 loglvl=all guest_loglvl=all',
  'dom0_mem=1536M,max:1536M noreboot=no spec-ctrl=eager-fpu',
].join(' ');

/**
 * With QEMU 10 a PVH Linux halts in its first instructions on nested page tables: Xen's own then.
 */
const paging = (accel: Accel, major: number): string =>
  accel === 'tcg' && major >= firstWithoutNestedPaging ? ' hap=0' : '';

/** QEMU doubles commas inside a value of its own comma lists. */
const quoted = (path: string): string => path.replaceAll(',', ',,');

/** Units that wait for what is not there (D-Bus, a terminal) are left out. */
const systemdArguments = [
  'xtl.init=systemd systemd.unit=multi-user.target systemd.wants=lab.service net.ifnames=0',
  'systemd.mask=systemd-logind.service systemd.getty_auto=no',
].join(' ');

/** The images' disk is a base that many machines share; what one writes is gone when it ends. */
const drive = (base: string, own: string | undefined): string =>
  own === undefined ? `file=${quoted(base)},snapshot=on` : `file=${quoted(own)}`;

/** Arguments of qemu-system-x86_64; Xen's console goes to the file `consoleLog`. */
export const qemuArguments = (
  images: Images,
  { xen, accel, xenstored, cpus = 2, disk, image }: MachineOptions,
  { sshPort, consoleLog, major }: { sshPort: number; consoleLog: string; major: number },
): string[] => {
  const init = image === 'systemd' ? ` ${systemdArguments}` : '';
  const kernelArguments = `console=hvc0 quiet xtl.xenstored=${xenstored}${init}`;
  return [
    ...processor[accel],
    ...['-m', '4096', '-smp', String(cpus), '-display', 'none', '-monitor', 'none', '-no-reboot'],
    ...['-nodefaults', '-serial', `file:${quoted(consoleLog)}`],
    ...['-kernel', images.xen[xen], '-append', `${xenArguments}${paging(accel, major)}`],
    ...['-initrd', `${quoted(images.kernel)} ${kernelArguments},${quoted(images.initramfs)}`],
    ...['-drive', `${drive(images.disk, disk)},if=virtio,format=raw`],
    ...['-netdev', `user,id=lan,restrict=on,hostfwd=tcp:127.0.0.1:${sshPort}-:22`],
    ...['-device', 'virtio-net-pci,netdev=lan,romfile='],
  ];
};
