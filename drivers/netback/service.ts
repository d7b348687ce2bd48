/** All vifs that a domain serves. */

import { type Devices, type DevicesHost, serveDevices } from '../../shared/backend/devices.ts';
import { DEVICES_MAX } from './core/limits.ts';
import { createVifDevice, type DeviceHost } from './device.ts';

export interface ServiceHost extends DeviceHost, Omit<DevicesHost, 'devicesMax'> {}

export function serveVifs(host: ServiceHost): Devices {
  const devicesHost = { ...host, devicesMax: DEVICES_MAX };
  return serveDevices(devicesHost, 'vif', (path, _, device) => createVifDevice(host, path, device));
}
