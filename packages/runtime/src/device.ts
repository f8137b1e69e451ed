import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { OnnxError } from '@fovea/onnx';
import ort from 'onnxruntime-node';

/** Where a session computes. */
export type DeviceName = 'cpu' | 'cuda' | 'webgpu' | 'coreml' | 'directml';

/** A device as this machine has it. */
export interface Device {
  readonly name: DeviceName;
  /**
   * Whether sessions can be asked for on it: onnxruntime-node has its provider on this platform and the provider's files
   * are there. Whether a driver and a GPU answer is seen when the first session is created.
   */
  readonly available: boolean;
  /** What is missing and what to do about it; empty where the device is available. */
  readonly hint: string;
}

/** What each device is called in onnxruntime, and what it takes. */
const providers: Readonly<Record<DeviceName, { readonly provider: string; readonly needs: string }>> = {
  cpu: { provider: 'cpu', needs: '' },
  cuda: {
    provider: 'cuda',
    needs:
      'it takes Linux on x64 with an NVIDIA driver, CUDA 12 and cuDNN 9, and onnxruntime-node with its CUDA files: `ONNXRUNTIME_NODE_INSTALL=cuda12 node node_modules/onnxruntime-node/script/install.js`',
  },
  webgpu: {
    provider: 'webgpu',
    needs: 'it takes a GPU with a Vulkan (Linux), Metal (macOS) or Direct3D 12 (Windows) driver',
  },
  coreml: { provider: 'coreml', needs: 'it takes macOS' },
  directml: { provider: 'dml', needs: 'it takes Windows with a DirectX 12 driver' },
};

/** The devices' names, the default one first. */
export const deviceNames = Object.keys(providers) as readonly DeviceName[];

/** Whether the files of a provider that is not part of the package have been installed. */
function isInstalled(provider: string): boolean {
  const main = createRequire(import.meta.url).resolve('onnxruntime-node');
  const bin = join(dirname(main), '..', 'bin');
  const builds = existsSync(bin) ? readdirSync(bin) : [];
  return builds.some((build) =>
    existsSync(join(bin, build, process.platform, process.arch, `libonnxruntime_providers_${provider}.so`)),
  );
}

/** Every device Fovea knows, and whether onnxruntime-node offers it on this platform. */
export function listDevices(): readonly Device[] {
  const backends = ort.listSupportedBackends();
  return deviceNames.map((name) => {
    const { provider, needs } = providers[name];
    const backend = backends.find((each) => each.name === provider);
    const available = backend !== undefined && (backend.bundled || isInstalled(provider));
    return { name, available, hint: available ? '' : needs };
  });
}

/**
 * The name onnxruntime has for a device.
 *
 * @throws OnnxError `device_not_available` where it is not offered here, with what it takes and what there is.
 */
export function providerOf(device: DeviceName): string {
  const found = listDevices().find(({ name }) => name === device);
  if (!found)
    throw new OnnxError(
      'device_not_available',
      `There is no device "${device}"; Fovea knows ${deviceNames.join(', ')}.`,
    );
  if (!found.available) throw notAvailable(device, `onnxruntime-node does not offer it here; ${found.hint}`);
  return providers[device].provider;
}

/** The error about a device that does not answer. */
export function notAvailable(device: DeviceName, reason: string, cause?: unknown): OnnxError {
  const others = listDevices().flatMap(({ name, available }) => (available && name !== device ? [name] : []));
  return new OnnxError(
    'device_not_available',
    `The device "${device}" cannot be used: ${reason}. Available here: ${others.join(', ')}.`,
    { device, available: others },
    { cause },
  );
}

/** What a device takes, for errors of its driver. */
export const needsOf = (device: DeviceName): string => providers[device].needs;
