import type { ParameterLayout } from '@fovea/nn';
import type { Graph } from '@fovea/onnx';
import { evalGraph, exportNetwork, specOf } from '../export.js';
import { type DetectorConfig, detectorNetwork } from '../networks/detector.js';
import type { DetectionSpec } from '../spec.js';

/** {@link evalGraph} of the detector that is trained from scratch. */
export function detectorEvalGraph(config: DetectorConfig, layout: ParameterLayout, batch: number): Graph {
  return evalGraph(detectorNetwork(config), layout, batch);
}

/** {@link specOf} the detector that is trained from scratch. */
export function detectorSpec(config: DetectorConfig, classNames: readonly string[]): DetectionSpec {
  return specOf(detectorNetwork(config), classNames) as DetectionSpec;
}

/** {@link exportNetwork} of the detector that is trained from scratch. */
export function exportDetector(
  config: DetectorConfig,
  layout: ParameterLayout,
  weights: Float32Array,
  buffers: Float32Array,
  classNames: readonly string[],
): Uint8Array {
  return exportNetwork(detectorNetwork(config), layout, weights, buffers, classNames);
}
