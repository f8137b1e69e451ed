import { describe, expect, it } from 'vitest';
import { GraphBuilder } from './builder.js';
import { broadcastShapes, normalizeAxis } from './infer/rule.js';
import { numbersOf, tensorOf, viewBytes } from './tensor.js';

describe('the graph builder', () => {
  it('gives every value a name of its own, under the scopes it is made in', () => {
    const graph = new GraphBuilder();
    const x = graph.input('x', 'float32', [2]);
    const inner = graph.scoped('a', () => graph.scoped('b', () => [graph.node('Exp', [x]), graph.node('Exp', [x])]));
    expect(inner[0]!.name).toBe('a/b/Exp');
    expect(inner[1]!.name).toMatch(/^a\/b\/Exp_\d+$/);
    expect(graph.node('Exp', [x]).name).toBe('Exp');
    expect(() => graph.input('x', 'float32', [2])).toThrow(expect.objectContaining({ code: 'duplicate_name' }));
  });

  it('leaves the scope when building in it fails', () => {
    const graph = new GraphBuilder();
    expect(() =>
      graph.scoped('a', () => {
        throw new Error('no');
      }),
    ).toThrow('no');
    expect(graph.unique('x')).toBe('x');
  });

  it('shares equal small constants, and makes a fresh one where asked', () => {
    const graph = new GraphBuilder();
    expect(graph.scalar(1)).toBe(graph.scalar(1));
    expect(graph.scalar(1)).not.toBe(graph.scalar(1, 'float64'));
    expect(graph.ints([1])).not.toBe(graph.scalar(1, 'int64'));
    const tensor = tensorOf('float32', [1]);
    expect(graph.constant(tensor)).not.toBe(graph.constant(tensor));
  });

  it('keeps only what the outputs need, in order', () => {
    const graph = new GraphBuilder();
    const x = graph.input('x', 'float32', [2]);
    const used = graph.node('Add', [x, graph.constant(tensorOf('float32', [1, 2]), 'used')]);
    graph.node('Mul', [x, graph.constant(tensorOf('float32', [3, 4]), 'unused')]);
    graph.output(graph.node('Exp', [used]), 'y');
    const built = graph.build();
    expect(built.nodes.map(({ opType }) => opType)).toEqual(['Add', 'Exp', 'Identity']);
    expect([...built.initializers.keys()]).toEqual(['used']);
    expect(built.outputs).toEqual([{ name: 'y', dtype: 'float32', shape: [2] }]);
  });
});

describe('tensors', () => {
  it('refuse a shape of another size', () => {
    expect(() => tensorOf('float32', [1, 2, 3], [2])).toThrow(expect.objectContaining({ code: 'shape_mismatch' }));
    expect(() => viewBytes('int32', new Uint8Array(6))).toThrow(expect.objectContaining({ code: 'truncated_tensor' }));
  });

  it('come back as the numbers they were made of', () => {
    for (const dtype of ['float32', 'float64', 'int64', 'int32', 'int16', 'int8'] as const)
      expect(numbersOf(tensorOf(dtype, [1, -2, 3]))).toEqual([1, -2, 3]);
    for (const dtype of ['uint64', 'uint32', 'uint16', 'uint8'] as const)
      expect(numbersOf(tensorOf(dtype, [1, 2]))).toEqual([1, 2]);
  });
});

describe('shapes', () => {
  it('broadcast as in NumPy', () => {
    expect(broadcastShapes([2, 1, 4], [3, 1])).toEqual([2, 3, 4]);
    expect(broadcastShapes([], [5])).toEqual([5]);
    expect(broadcastShapes([0], [1])).toEqual([0]);
    expect(broadcastShapes([1], [0])).toEqual([0]);
    expect(broadcastShapes([0], [2])).toBeUndefined();
    expect(broadcastShapes([2], [3])).toBeUndefined();
  });

  it('count axes from either end', () => {
    expect(normalizeAxis(-1, 3)).toBe(2);
    expect(normalizeAxis(0, 0)).toBe(0);
    expect(() => normalizeAxis(3, 3)).toThrow(expect.objectContaining({ code: 'invalid_axis' }));
    expect(() => normalizeAxis(-4, 3)).toThrow(expect.objectContaining({ code: 'invalid_axis' }));
  });
});
