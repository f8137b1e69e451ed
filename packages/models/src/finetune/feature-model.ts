import { letterboxFill } from '@fovea/image';
import { addGraph, encodeModel, GraphBuilder, modelOf } from '@fovea/onnx';
import type { PretrainedSource } from '../pretrained/source.js';
import { type EmbeddingSpec, encodeSpec } from '../spec.js';
import { automaticCut } from './automatic-cut.js';
import { cutBody, prepareBody } from './body.js';

/**
 * What a loaded model sees in a picture, as an embedder: the model cut before its own head, where the catalogue says or
 * where it is found (see `automaticCut`), a map of features averaged, and brought to length 1. Nothing is trained, and
 * nothing is added that would want to be. An ONNX file `openModel` takes.
 *
 * @throws FoveaError `no_cut`, `unsupported_model`, `batch_bound_model`
 */
export function exportFeatures(source: PretrainedSource): { bytes: Uint8Array<ArrayBuffer>; dimensions: number } {
  const { model, input, entry } = source;
  const size = { width: input.width, height: input.height };
  const known = entry?.cut?.head === 'features' ? entry.cut.tensor : undefined;
  const whole = prepareBody(model, input, size, known ? [known] : model.graph.outputs.map(({ name }) => name));
  const body = known ? whole : cutBody(whole, automaticCut(whole, 'embedding', size, undefined).cut, size);
  const graph = new GraphBuilder('features');
  const images = graph.input('images', 'float32', [1, 3, size.height, size.width]);
  const values = addGraph(graph, body.model.graph, { images }, { until: body.features });
  const features = values.get(body.features[0]!)!;
  const isMap = features.shape.length === 4 && features.shape[2]! * features.shape[3]! > 1;
  const dimensions = features.shape[1]!;
  const pooled = isMap ? graph.node('GlobalAveragePool', [features]) : features;
  const vector = graph.node('Reshape', [pooled, graph.ints([-1, dimensions])]);
  const length = graph.node('ReduceL2', [vector], { axes: [1], keepdims: 1 });
  const embedding = graph.node('Div', [vector, graph.node('Max', [length, graph.scalar(1e-12)])]);
  graph.output(embedding, 'embedding', ['batch', dimensions]);
  const spec: EmbeddingSpec = {
    task: 'embedding',
    classNames: [],
    input: {
      name: 'images',
      width: size.width,
      height: size.height,
      layout: 'NCHW',
      colours: 'RGB',
      range: [0, 255],
      resize: input.resize,
      fill: letterboxFill,
    },
    description: `Features of ${source.name}, cut before its head.`,
    output: { embedding: 'embedding' },
    dimensions,
    postprocessing: { metric: 'cosine' },
  };
  const inputs = [{ name: 'images', dtype: 'float32' as const, shape: ['batch', 3, size.height, size.width] }];
  return { bytes: encodeModel(modelOf({ ...graph.build(), inputs }, encodeSpec(spec))), dimensions };
}
