import { OnnxError } from '../error.js';
import type { Attribute, Graph, Model, Node } from '../graph.js';
import { newerRules } from './newer.js';
import { olderRules } from './older.js';
import { supportedOpsets, workingOperators, workingOpset } from './operators.js';
import { namesOf, Rewriter, unsupported } from './rewriter.js';

export { supportedOpsets, workingOpset };

/**
 * The same model in operator set 17 and IR 8, which is what Fovea infers, folds, replays and differentiates. Names of
 * inputs, outputs, initializers and of every tensor stay; other domains' nodes are left as they are.
 *
 * @throws OnnxError `unsupported_opset` for an operator set outside 7 to 21, for an operator that set 17 does not have,
 *   and for a node whose meaning cannot be said in it; the message names what is supported. `invalid_model` for a node
 *   without the inputs and attributes of its operator.
 */
export function upgradeModel(model: Model): Model {
  const opset = model.opsets.get('');
  const { oldest, newest } = supportedOpsets;
  const standard = someNode(model.graph, (node) => node.domain === '');
  if (standard && (opset === undefined || opset < oldest || opset > newest))
    throw new OnnxError(
      'unsupported_opset',
      `The model is written in operator set ${opset ?? 'none'}; Fovea reads sets ${oldest} to ${newest}. Export it with opset ${workingOpset}.`,
      { opset, oldest, newest },
    );
  const from = opset ?? workingOpset;
  const graph = dropListedInitializers(model.irVersion, model.graph);
  const rewritten =
    from === workingOpset ? checked(graph) : upgradeGraph(graph, from, namesOf(graph), !mentionsOtherReals(graph));
  return { ...model, irVersion: 8, opsets: new Map([...model.opsets, ['', workingOpset]]), graph: rewritten };
}

/** Before IR 4 every initializer had to be listed as an input; later that means it may be fed. */
function dropListedInitializers(irVersion: number, graph: Graph): Graph {
  if (irVersion >= 4) return graph;
  return { ...graph, inputs: graph.inputs.filter((input) => !graph.initializers.has(input.name)) };
}

const isGraph = (value: Attribute): value is Graph => typeof value === 'object' && 'nodes' in value;

function someNode(graph: Graph, holds: (node: Node) => boolean): boolean {
  return graph.nodes.some(
    (node) => holds(node) || Object.values(node.attributes).some((value) => isGraph(value) && someNode(value, holds)),
  );
}

/** Whether float16 or float64 may occur, so that new constants must be cast to what they meet. */
function mentionsOtherReals(graph: Graph): boolean {
  const other = (dtype: string) => dtype === 'float16' || dtype === 'float64';
  return (
    [...graph.inputs, ...graph.outputs, ...graph.initializers.values()].some(({ dtype }) => other(dtype)) ||
    someNode(graph, ({ opType, attributes }) => {
      if (opType === 'Cast') return attributes.to === 10 || attributes.to === 11;
      return Object.values(attributes).some((value) =>
        typeof value === 'object' && 'dtype' in value
          ? other(value.dtype)
          : isGraph(value) && mentionsOtherReals(value),
      );
    })
  );
}

function checked(graph: Graph): Graph {
  const strange = (node: Node) => {
    if (node.domain === '' && !workingOperators.has(node.opType))
      throw unsupported(node, 'it is no operator of the standard there');
    return false;
  };
  someNode(graph, strange);
  return graph;
}

function upgradeGraph(graph: Graph, opset: number, names: Set<string>, onlyFloat32: boolean, outer?: Rewriter): Graph {
  const rewriter = new Rewriter(graph, names, onlyFloat32, outer);
  for (const node of graph.nodes) {
    const inner = Object.entries(node.attributes).map(
      ([name, value]) =>
        [name, isGraph(value) ? upgradeGraph(value, opset, names, onlyFloat32, rewriter) : value] as const,
    );
    rewriter.nodes.push(upgradeNode({ ...node, attributes: Object.fromEntries(inner) }, rewriter, opset));
  }
  return { ...graph, nodes: rewriter.nodes, initializers: rewriter.initializers };
}

function upgradeNode(node: Node, rewriter: Rewriter, opset: number): Node {
  if (node.domain !== '') return node;
  const older = Object.hasOwn(olderRules, node.opType) ? olderRules[node.opType]! : [];
  const newer = Object.hasOwn(newerRules, node.opType) ? newerRules[node.opType] : undefined;
  const rule =
    older.find(({ below }) => opset < below)?.rule ?? (newer && opset >= newer.since ? newer.rule : undefined);
  let rewritten = node;
  try {
    if (rule) rewritten = rule(node, rewriter, opset);
  } catch (cause) {
    if (cause instanceof OnnxError) throw cause;
    // Inputs or attributes that are missing or of another kind.
    throw new OnnxError(
      'invalid_model',
      `Node "${node.name || node.outputs[0]}" does not have the inputs and attributes of a ${node.opType} of operator set ${opset}.`,
      { node: node.name, opType: node.opType },
      { cause },
    );
  }
  if (!workingOperators.has(rewritten.opType)) throw unsupported(node, 'it is no operator of the standard there');
  return rewritten;
}
