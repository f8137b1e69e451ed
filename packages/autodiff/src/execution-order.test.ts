import { encodeModel, GraphBuilder, modelOf } from '@fovea/onnx';
import ort from 'onnxruntime-node';
import { expect, it } from 'vitest';
import { gradientsFirst } from './execution-order.js';
import { addGradients } from './gradients.js';

it('computes the same in the other order', async () => {
  const graph = new GraphBuilder();
  const x = graph.input('x', 'float32', [2, 3]);
  const weights = [graph.input('a', 'float32', [3, 3]), graph.input('b', 'float32', [3, 2])];
  const hidden = graph.node('Tanh', [graph.node('MatMul', [x, weights[0]!])]);
  const loss = graph.node('ReduceSum', [graph.node('MatMul', [hidden, weights[1]!])], { keepdims: 0 });
  for (const [index, gradient] of addGradients(graph, loss, weights).entries()) graph.output(gradient!, `g${index}`);
  const built = graph.build();
  const feeds = Object.fromEntries(
    built.inputs.map(({ name, shape }) => {
      const sizes = shape as number[];
      const data = Float32Array.from({ length: sizes[0]! * sizes[1]! }, (_, i) => Math.sin(i + 1));
      return [name, new ort.Tensor('float32', data, sizes)];
    }),
  );
  const [plain, turned] = await Promise.all(
    [built, gradientsFirst(built)].map(async (each) => {
      const session = await ort.InferenceSession.create(encodeModel(modelOf(each)), { logSeverityLevel: 3 });
      return session.run(feeds);
    }),
  );
  for (const name of ['g0', 'g1']) expect(turned![name]!.data).toEqual(plain![name]!.data);
});
