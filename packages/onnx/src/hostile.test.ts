import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addGraph } from './add-graph.js';
import { GraphBuilder } from './builder.js';
import { decodeModel, encodeModel, modelOf } from './codec.js';
import { OnnxError } from './error.js';
import { type Attributes, float, type Model, type Node } from './graph.js';
import { simplify } from './simplify/index.js';
import { tensorOf } from './tensor.js';
import { upgradeModel } from './upgrade/index.js';

/** A small model with a bit of everything that is upgraded, folded, moved and replayed, written in an old operator set. */
function original(): Model {
  const graph = new GraphBuilder('small');
  const x = graph.input('x', 'float32', [1, 4, 4, 2]);
  const weights = graph.node('DequantizeLinear', [
    graph.constant(tensorOf('uint8', [1, 2, 3, 4], [2, 2, 1, 1]), 'q'),
    graph.scalar(0.5),
    graph.constant(tensorOf('uint8', [2], []), 'zero'),
  ]);
  const first = graph.node('Conv', [graph.node('Transpose', [x], { perm: [0, 3, 1, 2] }), weights], {
    pads: [0, 0, 0, 0],
  });
  const last = graph.node('Transpose', [first], { perm: [0, 2, 3, 1] });
  const clipped = graph.node('Clip', [graph.node('Relu', [last]), graph.scalar(0), graph.scalar(6)]);
  const joined = graph.node('Concat', [clipped, graph.node('Add', [clipped, graph.scalar(1)])], { axis: 3 });
  const pooled = graph.node('ReduceMean', [joined], { axes: [1, 2], keepdims: 0 });
  const sized = graph.node(
    'Resize',
    [graph.node('Transpose', [joined], { perm: [0, 3, 1, 2] }), null, null, graph.ints([1, 4, 8, 8])],
    {
      mode: 'nearest',
    },
  );
  const sliced = graph.node('Slice', [sized, graph.ints([1]), graph.ints([3]), graph.ints([2])]);
  graph.output(pooled, 'pooled');
  graph.output(
    graph.node('LeakyRelu', [graph.node('Pad', [sliced, graph.ints([0, 0, 1, 1, 0, 0, 1, 1])])], { alpha: float(0.1) }),
    'z',
  );
  const built = graph.build();
  // A shape that is computed, as exporters write it; the builder would want it constant.
  const node = (opType: string, inputs: string[], outputs: string[], attributes: Attributes = {}): Node => ({
    opType,
    domain: '',
    name: outputs[0]!,
    inputs,
    outputs,
    attributes,
  });
  const reshaped = [
    node('Shape', ['pooled'], ['shape']),
    node('Constant', [], ['first'], { value: tensorOf('int64', [0]) }),
    node('Gather', ['shape', 'first'], ['batch'], { axis: 0 }),
    node('Constant', [], ['rest'], { value: tensorOf('int64', [-1]) }),
    node('Concat', ['batch', 'rest'], ['target'], { axis: 0 }),
    node('Reshape', ['pooled', 'target'], ['y']),
  ];
  const outputs = [...built.outputs, { name: 'y', dtype: 'float32' as const }];
  return modelOf({ ...built, nodes: [...built.nodes, ...reshaped], outputs });
}

/** Everything that is done with a loaded model before training. */
function prepare(bytes: Uint8Array): void {
  const model = decodeModel(bytes);
  for (const each of [upgradeModel(model), simplify(model)]) {
    const builder = new GraphBuilder('replayed');
    const inputs = each.graph.inputs.map(({ name, dtype, shape }) =>
      builder.input(
        name,
        dtype,
        (shape ?? []).map((length) => (typeof length === 'number' ? Math.min(length, 64) : 2)),
      ),
    );
    addGraph(builder, each.graph, Object.fromEntries(inputs.map((value) => [value.name, value])));
  }
}

/** Runs `prepare`; anything but success or an OnnxError is a fault. */
function harmless(bytes: Uint8Array): void {
  try {
    prepare(bytes);
  } catch (error) {
    if (!(error instanceof OnnxError)) throw error;
    expect(error.message.length).toBeGreaterThan(10);
    expect(error.code).toMatch(/^[a-z_]+$/);
  }
}

const opsets = [9, 11, 13, 17, 18, 21];
const files = opsets.map((opset) => encodeModel({ ...original(), opsets: new Map([['', opset]]) }));
const newest = files[opsets.indexOf(17)]!;

describe('a model that is cut or changed is prepared or refused, never more', () => {
  it('as it is', () => {
    expect(() => prepare(newest)).not.toThrow();
    for (const file of files) harmless(file);
  });

  it('cut anywhere', () => {
    for (let length = 0; length < newest.length; length++) harmless(newest.subarray(0, length));
  });

  it('with any byte another', () => {
    for (let at = 0; at < newest.length; at++)
      for (const value of [1, 8, 0x80, 0xff]) {
        const changed = newest.slice();
        changed[at] = value;
        harmless(changed);
      }
  });

  it('with several bytes another, in any operator set', () => {
    const change = fc.tuple(fc.nat(), fc.nat(255));
    fc.assert(
      fc.property(fc.constantFrom(...files), fc.array(change, { minLength: 1, maxLength: 5 }), (file, changes) => {
        const changed = file.slice();
        for (const [at, value] of changes) changed[at % file.length] = value;
        harmless(changed);
      }),
      { numRuns: 500 },
    );
  });

  it('with nodes whose inputs, outputs and attributes are another node’s', () => {
    const base = original();
    const nodes = base.graph.nodes;
    const pick = fc.nat(nodes.length - 1);
    fc.assert(
      fc.property(fc.constantFrom(...opsets), pick, pick, fc.nat(3), fc.nat(4), (opset, at, from, what, keep) => {
        const [node, other] = [nodes[at]!, nodes[from]!];
        const changed = [
          { ...node, opType: other.opType },
          { ...node, attributes: other.attributes },
          { ...node, inputs: node.inputs.slice(0, keep) },
          {
            ...node,
            inputs: nodes
              .slice(0, at)
              .flatMap(({ outputs }) => outputs)
              .slice(-keep),
          },
        ][what]!;
        const graph = { ...base.graph, nodes: nodes.with(at, changed) };
        harmless(encodeModel({ ...base, graph, opsets: new Map([['', opset]]) }));
      }),
      { numRuns: 500 },
    );
  });
});
