import {
  addGraph,
  type Graph,
  GraphBuilder,
  intsAttribute,
  type Node,
  numbersOf,
  type Shape,
  type Tensor,
  tensorOf,
} from '@fovea/onnx';

/** Shapes of a graph's tensors, for an image input of `shape`. */
export function shapesOf(graph: Graph, input: string, shape: Shape, until?: readonly string[]): Map<string, Shape> {
  const builder = new GraphBuilder('shapes');
  const images = builder.input(input, 'float32', shape);
  const values = addGraph(builder, graph, { [input]: images }, until ? { until } : {});
  return new Map([...values].map(([name, value]) => [name, value.shape]));
}

/**
 * A graph whose operators hold sizes that follow from its input's size, made fit for an input of another size: pools
 * over the whole map become global ones; sizes of Resize and repeats of Tile that are those of a map before them become
 * that map's new ones.
 *
 * @param input the image input; `from` its shape in the file, `to` the wanted one.
 */
export function adaptSize(graph: Graph, input: string, from: Shape, to: Shape): Graph {
  if (`${from}` === `${to}`) return graph;
  const before = shapesOf(graph, input, from);
  const nodes = [...graph.nodes];
  const initializers = new Map<string, Tensor>(graph.initializers);
  graph.nodes.forEach((node, index) => {
    const [x, y] = [before.get(node.inputs[0] ?? ''), before.get(node.outputs[0] ?? '')];
    if (x?.length !== 4 || y?.length !== 4) return;
    if (poolsAll(node, x, y)) nodes[index] = { ...node, opType: `Global${node.opType}`, attributes: {} };
    const sizes = node.opType === 'Resize' ? sizesOf(node, x, y, initializers) : undefined;
    const repeats = node.opType === 'Tile' ? initializers.get(node.inputs[1] ?? '') : undefined;
    const constant = sizes ?? repeats;
    if (!constant) return;
    // Resize moves the last two axes; TFLite's Tile may stand between transposes, where they are the middle ones.
    const axis = node.opType === 'Tile' && y[3] === x[3] ? 1 : 2;
    const like = mapOfSize(graph, index, before, [y[axis]!, y[axis + 1]!], input);
    if (!like) return;
    // What stands before this node is adapted already, and nothing behind it is asked for.
    const after = shapesOf({ ...graph, nodes, initializers }, input, to, [like.name, node.inputs[0]!]);
    const numbers = numbersOf(constant);
    for (const step of [0, 1]) {
      const length = after.get(like.name)![like.axis + step]!;
      numbers[axis + step] = node.opType === 'Tile' ? length / after.get(node.inputs[0]!)![axis + step]! : length;
    }
    const name = `${node.outputs[0]}:size`;
    initializers.set(name, tensorOf('int64', numbers));
    nodes[index] = { ...node, inputs: sizes ? [node.inputs[0]!, '', '', name] : [node.inputs[0]!, name] };
  });
  return { ...graph, nodes, initializers };
}

/** The sizes a Resize is told, or comes to by factors that spread one cell over a map. */
function sizesOf(node: Node, x: Shape, y: Shape, initializers: ReadonlyMap<string, Tensor>): Tensor | undefined {
  const [, , factors, sizes] = node.inputs;
  if (sizes) return initializers.get(sizes);
  return factors && initializers.has(factors) && x[2] === 1 && x[3] === 1 ? tensorOf('int64', y) : undefined;
}

function poolsAll({ opType, attributes }: Node, x: Shape, y: Shape): boolean {
  const kernel = intsAttribute(attributes, 'kernel_shape');
  return (
    (opType === 'AveragePool' || opType === 'MaxPool') &&
    `${kernel}` === `${x.slice(2)}` &&
    `${y.slice(2)}` === '1,1' &&
    x[2]! * x[3]! > 1
  );
}

/** The map nearest before a node whose height and width are `size`, in either layout; the input is looked at last. */
function mapOfSize(
  graph: Graph,
  index: number,
  shapes: ReadonlyMap<string, Shape>,
  size: readonly [number, number],
  input: string,
): { name: string; axis: number } | undefined {
  const names = graph.nodes.slice(0, index).flatMap(({ outputs }) => outputs);
  for (const name of [input, ...names].reverse()) {
    const shape = shapes.get(name);
    if (shape?.length !== 4) continue;
    for (const axis of [2, 1]) if (shape[axis] === size[0] && shape[axis + 1] === size[1]) return { name, axis };
  }
  return undefined;
}
