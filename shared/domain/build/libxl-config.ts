/** A VM as libxl keeps its configuration (libxl_types.idl @ RELEASE-4.17.0 and RELEASE-4.20.0). */

import { utf8 } from '../../core/utf8.ts';
import type { ShutdownAction, VmDisk, VmSpec, VmVif } from '../spec/vm-spec.ts';

/** libxl's names of actions are xl's, but for this one. */
function action(name: ShutdownAction): string {
  return name === 'rename-restart' ? 'restart_rename' : name.replaceAll('-', '_');
}

/** What is behind a disk, as libxl has it. */
export function libxlMedium(target: string): object {
  return { pdev_path: target, format: target === '' ? 'empty' : 'raw' };
}

/** As libxl has one: what is not said has its default. */
export function libxlDisk({ target, vdev, isWritable, isCdrom, ...rest }: VmDisk): object {
  return {
    ...(rest.backend !== undefined && { backend_domname: rest.backend }),
    ...{ ...libxlMedium(target), vdev, backend: 'phy', script: 'block-xtl' },
    ...(isWritable && { readwrite: 1 }),
    ...(isCdrom && { removable: 1, is_cdrom: 1 }),
    ...(rest.isDirectIoSafe && { direct_io_safe: true }),
    discard_enable: rest.discard === false ? 'False' : 'True',
  };
}

/** As libxl has one: what is not said has its default. Those of 4.17 pass over `vlan`. */
export function libxlNic({ devid, mac, ...vif }: VmVif): object {
  const { bridge, gatewaydev, ip, vifname, script, backend, rate, mtu, vlan, trusted } = vif;
  return {
    ...(backend !== undefined && { backend_domname: backend }),
    devid,
    ...(mtu !== undefined && { mtu }),
    ...(vlan !== undefined && { vlan }),
    ...(mac !== undefined && { mac }),
    ...(ip !== undefined && { ip }),
    ...(bridge !== undefined && { bridge }),
    ...(vifname !== undefined && { ifname: vifname }),
    ...(script !== undefined && { script }),
    nictype: 'vif',
    ...(rate !== undefined && {
      rate_bytes_per_interval: rate.bytes,
      rate_interval_usecs: rate.intervalUs,
    }),
    ...(gatewaydev !== undefined && { gatewaydev }),
    trusted: trusted === false ? 'False' : 'True',
  };
}

/** A libxl_domain_config as JSON: strings as in xenstore, a byte a character. */
export function libxlConfig(spec: VmSpec, uuid: string): object {
  return {
    c_info: {
      ...{ type: 'pvh', name: spec.name, uuid },
      ...(spec.isDriverDomain && { driver_domain: 'True' }),
    },
    b_info: {
      max_vcpus: spec.maxvcpus,
      avail_vcpus: Array.from({ length: spec.vcpus }, (_, vcpu) => vcpu),
      max_memkb: spec.memoryKib,
      target_memkb: spec.memoryKib,
      // As libxl counts: what a guest without a screen has of it.
      video_memkb: 0,
      kernel: utf8(spec.kernel),
      ...(spec.ramdisk === undefined ? {} : { ramdisk: utf8(spec.ramdisk) }),
      ...(spec.cmdline === '' ? {} : { cmdline: spec.cmdline }),
      'type.pvh': {},
    },
    ...(spec.disks === undefined ? {} : { disks: spec.disks.map(libxlDisk) }),
    ...(spec.vifs === undefined ? {} : { nics: spec.vifs.map(libxlNic) }),
    on_poweroff: action(spec.onPoweroff),
    on_reboot: action(spec.onReboot),
    on_watchdog: action(spec.onWatchdog),
    on_crash: action(spec.onCrash),
    on_soft_reset: action(spec.onSoftReset),
  };
}
