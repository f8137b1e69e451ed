import { FoveaError } from '@fovea/annotations';
import { addGraph, type Graph, GraphBuilder, type Node, type Shape } from '@fovea/onnx';
import type { Task } from '../network.js';
import { type Body, cutCandidates, type Size } from './body.js';
import type { HeadPlan } from './heads.js';

/** Operators behind a classifier's last layer that say the same in other words. */
const passive = new Set(
  'Softmax LogSoftmax Sigmoid Reshape Flatten Squeeze Unsqueeze Identity Clip Transpose Cast ArgMax'.split(' '),
);

/**
 * Where to cut a model Fovea does not know, and for which head: for classification and embedding before the last linear
 * layer (or behind everything, where the model ends in features); for detection at the last maps at strides 8, 16 and
 * 32, for segmentation at those at strides 4 to 32, as far as the model has them.
 *
 * @throws FoveaError `no_cut`, listing tensors that could be named.
 */
export function automaticCut(
  whole: Body,
  task: Task,
  size: Size,
  dimensions: number | undefined,
): { cut: string[]; head: HeadPlan } {
  const { graph } = whole.model;
  const shapes = tensorShapes(graph, size);
  if (task === 'classification' || task === 'embedding') {
    const name = featuresOf(graph, shapes);
    const channels = shapes.get(name)![1]!;
    const project = dimensions !== undefined ? dimensions !== channels : channels > 512;
    const embedding = { kind: 'embedding' as const, dimensions: dimensions ?? (project ? 128 : channels), project };
    return { cut: [name], head: task === 'classification' ? { kind: 'linear' } : embedding };
  }
  const strides = task === 'detection' ? [8, 16, 32] : [4, 8, 16, 32];
  const maps = strides.map((stride) => lastMap(graph, shapes, size.height / stride, size.width / stride));
  const found = maps.filter((name) => name !== undefined);
  const enough = task === 'detection' ? found.length === 3 : maps[0] !== undefined || maps[1] !== undefined;
  // A decoder joins neighbouring levels: what lies behind a level that is missing cannot be joined.
  const first = maps.findIndex((name) => name !== undefined);
  const last = maps.findIndex((name, level) => level > first && name === undefined);
  if (!enough) throw noCut(graph, task, `feature maps at strides ${strides.join(', ')}`);
  const cut = maps.slice(first, last < 0 ? undefined : last) as string[];
  return task === 'detection'
    ? { cut, head: { kind: 'pyramid', strides, channels: 64 } }
    : { cut, head: { kind: 'decoder', channels: 64 } };
}

/** The head that fits tensors somebody named. */
export function headFor(body: Body, task: Task, size: Size, dimensions?: number): HeadPlan {
  const { shapes } = body;
  const strides = shapes.map((shape) => (shape.length === 4 ? Math.round(size.width / shape[3]!) : 0));
  const halving = strides.every((stride, i) => stride > 0 && (i === 0 || stride === 2 * strides[i - 1]!));
  const ranks = shapes.map((shape) => `[${shape}]`).join(', ');
  const wrong = (wanted: string) =>
    new FoveaError(
      'unfit_cut',
      `For ${task} the model is to be cut at ${wanted}; the tensors named have the shapes ${ranks}.`,
      { shapes },
    );
  switch (task) {
    case 'classification':
      if (shapes.length !== 1 || (shapes[0]!.length !== 2 && shapes[0]!.length !== 4))
        throw wrong('one vector or one map of features');
      return { kind: 'linear' };
    case 'embedding': {
      if (shapes.length !== 1 || (shapes[0]!.length !== 2 && shapes[0]!.length !== 4))
        throw wrong('one vector or one map of features');
      const channels = shapes[0]![1]!;
      const project = dimensions !== undefined ? dimensions !== channels : channels > 512;
      return { kind: 'embedding', dimensions: dimensions ?? (project ? 128 : channels), project };
    }
    case 'segmentation':
      if (!halving) throw wrong('one map of features, or several, finest first, each half the size of the one before');
      return shapes.length === 1 ? { kind: 'pixels', alignment: 'half_pixel' } : { kind: 'decoder', channels: 64 };
    case 'detection':
      if (!halving) throw wrong('maps of features, finest first, each half the size of the one before');
      return { kind: 'pyramid', strides, channels: 64 };
  }
}

function tensorShapes(graph: Graph, { width, height }: Size): Map<string, Shape> {
  const builder = new GraphBuilder('shapes');
  const images = builder.input('images', 'float32', [1, 3, height, width]);
  return new Map([...addGraph(builder, graph, { images })].map(([name, value]) => [name, value.shape]));
}

function featuresOf(graph: Graph, shapes: ReadonlyMap<string, Shape>): string {
  const producers = new Map<string, Node>(graph.nodes.flatMap((node) => node.outputs.map((name) => [name, node])));
  const computed = (node: Node) => node.inputs.find((name) => name && !graph.initializers.has(name));
  const single = (name: string | undefined): name is string => {
    const shape = shapes.get(name ?? '');
    return shape?.length === 2 || (shape?.length === 4 && shape[2] === 1 && shape[3] === 1);
  };
  const usable = (name: string | undefined): name is string => {
    const rank = shapes.get(name ?? '')?.length;
    return rank === 2 || rank === 4;
  };
  let name: string | undefined = graph.outputs[0]!.name;
  for (let node = producers.get(name); node; node = producers.get(name)) {
    const weighted = node.inputs.some((input) => graph.initializers.has(input));
    if (weighted && /^(Gemm|MatMul|Conv)$/.test(node.opType) && single(node.outputs[0])) {
      const input = computed(node);
      if (usable(input)) return input;
      break;
    }
    const bias = node.opType === 'Add' && weighted;
    if (!passive.has(node.opType) && !bias) break;
    name = computed(node);
    if (name === undefined) break;
  }
  if (single(name)) return name;
  // Without a last linear layer: the last of the widest among the coarsest maps.
  const maps = cutCandidates(graph).filter((candidate) => shapes.get(candidate)?.length === 4);
  const cells = (candidate: string) => shapes.get(candidate)![2]! * shapes.get(candidate)![3]!;
  const coarsest = Math.min(...maps.map(cells).filter((count) => count > 1));
  const deepest = maps.filter((candidate) => cells(candidate) === coarsest);
  const widest = Math.max(...deepest.map((candidate) => shapes.get(candidate)![1]!));
  const last = deepest.findLast((candidate) => shapes.get(candidate)![1] === widest);
  if (last) return last;
  throw noCut(graph, 'classification', 'features before a last linear layer');
}

function lastMap(graph: Graph, shapes: ReadonlyMap<string, Shape>, height: number, width: number): string | undefined {
  return cutCandidates(graph).findLast((name) => {
    const shape = shapes.get(name);
    return shape?.length === 4 && shape[2] === height && shape[3] === width;
  });
}

function noCut(graph: Graph, task: Task, sought: string): FoveaError {
  const candidates = cutCandidates(graph).slice(-16).reverse();
  return new FoveaError(
    'no_cut',
    `The model has no ${sought} to put a head for ${task} on; name the tensors to cut it at, for instance among ` +
      `${candidates.join(', ')}.`,
    { task, candidates },
  );
}
