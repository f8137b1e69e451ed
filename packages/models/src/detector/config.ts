import { type ParameterLayout, RecordingSource } from '@fovea/nn';
import { GraphBuilder } from '@fovea/onnx';
import { type DetectorSize, detector } from './architecture.js';

/** What fixes a detector's graphs. */
export interface DetectorConfig {
  readonly classes: number;
  readonly width: number;
  readonly height: number;
  readonly size: DetectorSize;
}

/** The parameters a detector asks for. */
export function detectorLayout({ classes, width, height, size }: DetectorConfig): ParameterLayout {
  const graph = new GraphBuilder('layout');
  const source = new RecordingSource(graph);
  const images = graph.input('images', 'float32', [1, 3, height, width]);
  detector({ graph, source, training: false, statistics: new Map() }, images, classes, size);
  return source.layout;
}
