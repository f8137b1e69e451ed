import type { GraphBuilder, Value } from '@fovea/onnx';
import { sumOver } from '../broadcast.js';

/** The sum over all axes but the second: [N, C, ...] to [1, C, 1, ...]. */
export function channelSums(graph: GraphBuilder, value: Value): Value {
  return sumOver(
    graph,
    value,
    [...value.shape.keys()].filter((axis) => axis !== 1),
  );
}
