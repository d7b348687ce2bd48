/** What becomes of a vif in what is kept of a domain. */

import { type DeviceChange, withEntry } from './device-config.ts';
import { libxlNic } from './libxl-config.ts';
import { LIBXL_NICS } from './libxl-devices.ts';
import type { NamedVif } from './vif-mac.ts';

function change(devid: number, vif: NamedVif | undefined): DeviceChange {
  return {
    ...{ list: LIBXL_NICS, device: devid },
    record: ({ vifs: old = [], ...rest }) => {
      const vifs = withEntry(
        old,
        (each) => each.devid === devid,
        () => vif,
      );
      return { ...rest, ...(vifs !== undefined && { vifs }) };
    },
    entry: () => vif && libxlNic(vif),
  };
}

export const withVif = (vif: NamedVif): DeviceChange => change(vif.devid, vif);
export const withoutVif = (devid: number): DeviceChange => change(devid, undefined);
