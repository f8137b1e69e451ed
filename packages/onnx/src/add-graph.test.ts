import { describe, expect, it } from 'vitest';
import { addGraph, type Use } from './add-graph.js';
import { GraphBuilder } from './builder.js';
import { encodeModel, modelOf } from './codec.js';
import type { Attributes, Graph, Node, Value } from './graph.js';
import { dtypeNumbers, numbersOf, type Tensor, tensorOf } from './tensor.js';

const node = (opType: string, inputs: string[], outputs: string[], attributes: Attributes = {}): Node => ({
  opType,
  domain: '',
  name: `the_${outputs[0]}`,
  inputs,
  outputs,
  attributes,
});

const graphOf = (
  nodes: Node[],
  initializers: Record<string, Tensor> = {},
  outputs: string[] = ['y'],
  inputs: Graph['inputs'] = [{ name: 'x', dtype: 'float32', shape: ['batch', 6] }],
): Graph => ({
  name: 'loaded',
  nodes,
  initializers: new Map(Object.entries(initializers)),
  inputs,
  outputs: outputs.map((name) => ({ name, dtype: 'float32' as const })),
});

/** A linear layer whose output is reshaped by arithmetic on the input's shape, as exporters write it. */
const reshaping = graphOf(
  [
    node('MatMul', ['x', 'weight'], ['h']),
    node('Shape', ['h'], ['shape']),
    node('Gather', ['shape', 'zero'], ['batch']),
    node('Constant', [], ['two'], { value: tensorOf('int64', [2]) }),
    node('Unsqueeze', ['batch', 'axis'], ['column']),
    node('Concat', ['column', 'two', 'rest'], ['target'], { axis: 0 }),
    node('Reshape', ['h', 'target'], ['y']),
  ],
  {
    weight: tensorOf('float32', new Array(24).fill(0.5), [6, 4]),
    zero: tensorOf('int64', [0], []),
    axis: tensorOf('int64', [0]),
    rest: tensorOf('int64', [-1]),
  },
);

function replay(graph: Graph, options: Parameters<typeof addGraph>[3] = {}, shape: number[] = [3, 6]) {
  const builder = new GraphBuilder('whole');
  const x = builder.input('x', 'float32', shape);
  const values = addGraph(builder, graph, { x }, options);
  return { builder, x, values };
}

describe('addGraph', () => {
  it('computes shapes on the way, at the shapes that are given', () => {
    for (const batch of [1, 5]) {
      const { builder, values } = replay(reshaping, {}, [batch, 6]);
      expect(values.get('y')).toMatchObject({ shape: [batch, 2, 2], dtype: 'float32' });
      builder.output(values.get('y')!);
      const built = builder.build();
      expect(built.nodes.map(({ opType }) => opType)).toEqual(['MatMul', 'Reshape']);
      const target = built.initializers.get(built.nodes[1]!.inputs[1]!)!;
      expect(numbersOf(target)).toEqual([batch, 2, -1]);
      expect(() => encodeModel(modelOf(built))).not.toThrow();
    }
  });

  it('keeps names, under a prefix where one is given', () => {
    expect(replay(reshaping).values.get('h')!.name).toBe('h');
    expect(replay(reshaping, { prefix: 'body' }).values.get('h')!.name).toBe('body/h');
    expect(replay(reshaping, { prefix: 'body/' }).values.get('h')!.name).toBe('body/h');
    const { builder, x } = replay(reshaping);
    const again = addGraph(builder, reshaping, { x });
    expect(again.get('h')!.name).not.toBe('h');
    const names = builder.nodes.map(({ name }) => name);
    expect(names).toContain('the_h');
    expect(new Set(names).size).toBe(names.length);
  });

  it('adds only what is asked for', () => {
    const { builder, values } = replay(reshaping, { until: ['h'] });
    expect(builder.nodes.map(({ opType }) => opType)).toEqual(['MatMul']);
    expect([...values.keys()].sort()).toEqual(['h', 'weight', 'x']);
    expect(replay(reshaping, { until: ['x'] }).builder.nodes).toEqual([]);
    const constant = replay(reshaping, { until: ['target', 'weight'] });
    expect(numbersOf(constant.builder.tensorOf(constant.values.get('target')!)!)).toEqual([3, 2, -1]);
    expect(constant.values.get('weight')!.shape).toEqual([6, 4]);
  });

  it('takes a tensor within the graph from the caller', () => {
    const builder = new GraphBuilder('cut');
    const h = builder.input('other', 'float32', [7, 4]);
    const values = addGraph(builder, reshaping, { h });
    expect(values.get('y')!.shape).toEqual([7, 2, 2]);
    expect(builder.nodes.map(({ opType }) => opType)).toEqual(['Reshape']);
  });

  it('offers float weights, each once, with their uses, and nothing that decides a shape', () => {
    const graph = graphOf(
      [
        node('Constant', [], ['bias'], { value: tensorOf('float32', [1, 2, 3, 4, 5, 6]) }),
        node('Add', ['x', 'bias'], ['a']),
        node('Mul', ['a', 'gain'], ['b']),
        node('Add', ['b', 'gain'], ['c']),
        node('Cast', ['width'], ['whole'], { to: dtypeNumbers.int64 }),
        node('Reshape', ['c', 'whole'], ['d']),
        node('Neg', ['elsewhere'], ['unneeded']),
        node('Gather', ['d', 'index'], ['y']),
      ],
      {
        gain: tensorOf('float32', [2], [1]),
        width: tensorOf('float32', [-1, 3]),
        index: tensorOf('int64', [0]),
        elsewhere: tensorOf('float32', [1]),
      },
    );
    const builder = new GraphBuilder('offered');
    const seen: [string, string[]][] = [];
    const initializer = (name: string, tensor: Tensor, uses: readonly Use[]) => {
      seen.push([name, uses.map((use) => `${use.node.opType}:${use.input}`)]);
      return builder.input(`parameter:${name}`, tensor.dtype, tensor.shape);
    };
    const values = addGraph(builder, graph, { x: builder.input('x', 'float32', [2, 6]) }, { initializer });
    expect(seen).toEqual([
      ['gain', ['Mul:1', 'Add:1']],
      ['bias', ['Add:1']],
    ]);
    expect(values.get('gain')!.name).toBe('parameter:gain');
    expect(values.get('bias')!.name).toBe('parameter:bias');
    expect(values.get('y')!.shape).toEqual([1, 3]);
    expect(builder.nodes.find(({ opType }) => opType === 'Mul')!.inputs).toEqual(['a', 'parameter:gain']);
  });

  it('folds what it must even of floats, and leaves trainable weights unfolded', () => {
    const graph = graphOf([node('Mul', ['w', 'w'], ['square']), node('Add', ['x', 'square'], ['y'])], {
      w: tensorOf('float32', [2]),
    });
    const folded = replay(graph);
    expect(folded.builder.nodes.map(({ opType }) => opType)).toEqual(['Add']);
    const builder = new GraphBuilder('trained');
    const x = builder.input('x', 'float32', [3, 6]);
    const parameter = builder.input('parameter', 'float32', [1]);
    addGraph(builder, graph, { x }, { initializer: () => parameter });
    expect(builder.nodes.map(({ opType }) => opType)).toEqual(['Mul', 'Add']);
    const kept = new GraphBuilder('kept');
    addGraph(
      kept,
      graph,
      { x: kept.input('x', 'float32', [3, 6]) },
      { initializer: (_, tensor) => kept.constant(tensor) },
    );
    expect(kept.nodes.map(({ opType }) => opType)).toEqual(['Add']);
  });

  it('leaves out what changes nothing at these shapes', () => {
    const graph = graphOf(
      [
        node('Identity', ['x'], ['a']),
        node('Dropout', ['a'], ['b', 'mask']),
        node('Flatten', ['b'], ['c']),
        node('Reshape', ['c', 'same'], ['d']),
        node('Cast', ['d'], ['e'], { to: dtypeNumbers.float32 }),
        node('Neg', ['e'], ['y']),
      ],
      { same: tensorOf('int64', [0, -1]) },
    );
    const { builder, values } = replay(graph);
    builder.output(values.get('y')!);
    expect(builder.build().nodes.map(({ opType }) => opType)).toEqual(['Neg']);
  });

  it('uses the default of an input that is not given', () => {
    const graph = graphOf(
      [node('Add', ['x', 'shift'], ['y'])],
      { shift: tensorOf('float32', [5]) },
      ['y'],
      [
        { name: 'x', dtype: 'float32', shape: ['n', 6] },
        { name: 'shift', dtype: 'float32', shape: [1] },
      ],
    );
    const { builder, values } = replay(graph);
    expect(builder.tensorOf(values.get('shift')!)).toEqual(tensorOf('float32', [5]));
  });

  it('replays thousands of nodes quickly enough to wait for', () => {
    const nodes = Array.from({ length: 5000 }, (_, i) => node('Add', [i ? `t${i}` : 'x', 'w'], [`t${i + 1}`]));
    const graph = graphOf(nodes, { w: tensorOf('float32', [1]) }, ['t5000']);
    expect(replay(graph).builder.nodes.length).toBe(5000);
  });
});

describe('addGraph refuses', () => {
  const refusal = (code: string, message: RegExp) =>
    expect.objectContaining({ name: 'OnnxError', code, message: expect.stringMatching(message) });
  const inner = graphOf([node('Neg', ['x'], ['r'])], {}, ['r'], []);

  it.each<[string, () => unknown, string, RegExp]>([
    [
      'an input that is not there',
      () => addGraph(new GraphBuilder(), reshaping, {}),
      'missing_input',
      /the_h.*MatMul.*"x"/,
    ],
    ['a cut at an unknown tensor', () => replay(reshaping, { until: ['z'] }), 'unknown_tensor', /"z".*"x".*"y"/],
    [
      'a value for an unknown tensor',
      () => {
        const builder = new GraphBuilder();
        const x = builder.input('x', 'float32', [3, 6]);
        return addGraph(builder, reshaping, { x, extra: x });
      },
      'unknown_tensor',
      /"extra"/,
    ],
    ['an input of another rank', () => replay(reshaping, {}, [6]), 'shape_mismatch', /"x".*\[batch,6\].*\[6\]/],
    [
      'an input of another type',
      () => {
        const builder = new GraphBuilder();
        return addGraph(builder, reshaping, { x: builder.input('x', 'int64', [3, 6]) });
      },
      'shape_mismatch',
      /"x".*int64/,
    ],
    ['shapes that do not meet', () => replay(reshaping, {}, [3, 5]), 'shape_mismatch', /the_h.*MatMul.*\[3,5\]/],
    [
      'control flow',
      () => replay(graphOf([node('If', ['x'], ['y'], { then_branch: inner, else_branch: inner })])),
      'unsupported_operator',
      /the_y.*If/,
    ],
    ['an operator nobody knows', () => replay(graphOf([node('FancyOp', ['x'], ['y'])])), 'unknown_operator', /FancyOp/],
    [
      'a shape that is computed from data',
      () =>
        replay(
          graphOf(
            [
              node('Cast', ['x'], ['whole'], { to: dtypeNumbers.int64 }),
              node('Flatten', ['whole'], ['flat'], { axis: 0 }),
              node('Squeeze', ['flat', 'zero'], ['list']),
              node('Reshape', ['x', 'list'], ['y']),
            ],
            { zero: tensorOf('int64', [0]) },
          ),
        ),
      'dynamic_shape',
      /the_y.*Reshape/,
    ],
    [
      'positions that depend on data',
      () => replay(graphOf([node('NonZero', ['x'], ['y'])])),
      'dynamic_shape',
      /NonZero/,
    ],
    [
      'a tensor nothing computes',
      () => replay(graphOf([node('Add', ['x', 'gone'], ['y'])])),
      'undefined_tensor',
      /the_y.*"gone"/,
    ],
    ['a node without its inputs', () => replay(graphOf([node('Reshape', ['x'], ['y'])])), '', /the_y.*Reshape/],
    [
      'constants that do not fit',
      () => replay(graphOf([node('Gather', ['w', 'w'], ['y'], { axis: 5 })], { w: tensorOf('int64', [0]) })),
      'invalid_axis',
      /the_y.*Gather/,
    ],
    [
      'a parameter of another shape',
      () => replay(reshaping, { initializer: (): Value => ({ name: 'p', dtype: 'float32', shape: [4, 6] }) }),
      'shape_mismatch',
      /"weight".*\[6,4\].*\[4,6\]/,
    ],
  ])('%s', (_, run, code, message) => {
    expect(run).toThrow(code ? refusal(code, message) : message);
  });
});
