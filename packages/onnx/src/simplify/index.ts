import type { Graph, Model } from '../graph.js';
import { upgradeModel } from '../upgrade/index.js';
import { mergeClips } from './clips.js';
import { foldConstants, prune } from './constants.js';
import { Layout } from './layout.js';
import { removePassThrough } from './pass-through.js';
import { staticShapes } from './shapes.js';

/**
 * The same model, plainer, in operator set 17:
 *
 * - nodes of constants become initializers, among them DequantizeLinear of stored integers and Constant nodes, so that
 *   all weights are float tensors that can be trained;
 * - Identity, and Dropout outside training, are taken out;
 * - Transposes that undo one another are taken out, other nodes being moved before them, so that a network converted
 *   from a channels-last format computes in NCHW throughout;
 * - Relu and Clip in a row become one.
 *
 * Inputs and outputs keep their names, types and shapes, and the results are the same to rounding. A tensor within the
 * graph that is now computed in NCHW is named `<name>/nchw`. Graphs that hold graphs of their own are left as they are.
 *
 * @throws OnnxError `unsupported_opset` as `upgradeModel`.
 */
export function simplify(model: Model): Model {
  const upgraded = upgradeModel(model);
  return { ...upgraded, graph: simplifyGraph(upgraded.graph) };
}

function simplifyGraph(graph: Graph): Graph {
  const nested = graph.nodes.some(({ attributes }) =>
    Object.values(attributes).some((value) => typeof value === 'object' && 'nodes' in value),
  );
  if (nested) return graph;
  const plain = removePassThrough(prune(foldConstants(graph)));
  const moved = prune(new Layout(plain, staticShapes(plain)).run());
  return prune(mergeClips(transposes(moved) < transposes(plain) ? removePassThrough(moved) : plain));
}

function transposes(graph: Graph): number {
  return graph.nodes.filter(({ opType, domain }) => domain === '' && opType === 'Transpose').length;
}
