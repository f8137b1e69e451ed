import type { ParameterLayout } from '@fovea/nn';
import { networkLayout } from '../network.js';
import { type DetectorConfig, detectorNetwork } from '../networks/detector.js';

/** The parameters a detector asks for. */
export function detectorLayout(config: DetectorConfig): ParameterLayout {
  return networkLayout(detectorNetwork(config));
}
