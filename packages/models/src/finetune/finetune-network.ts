import { FoveaError } from '@fovea/annotations';
import { type BuildContext, frozenInitializers, graphLayer, matchNames, normalInit } from '@fovea/nn';
import { evaluateNode, type Graph, type Tensor, type Value } from '@fovea/onnx';
import { type Network, networkLayout, type Task } from '../network.js';
import { classifierNetwork } from '../networks/classifier.js';
import { detectorNetwork } from '../networks/detector.js';
import { embedderNetwork } from '../networks/embedder.js';
import { requireMultiple } from '../networks/input-size.js';
import { segmenterNetwork } from '../networks/segmenter.js';
import type { PretrainedSource } from '../pretrained/source.js';
import type { NetworkStructure } from '../structure.js';
import { automaticCut, headFor } from './automatic-cut.js';
import { type Body, cutBody, prepareBody, type Size } from './body.js';
import { matchClasses } from './class-names.js';
import {
  decoderHead,
  embeddingHead,
  type HeadPlan,
  linearHead,
  pixelHead,
  pyramidHead,
  refinedHead,
  yoloxHead,
} from './heads.js';
import { scope, type TrainedTensors } from './scope.js';

/** What to make of a model to start from. */
export interface FinetuneConfig {
  readonly from: PretrainedSource;
  readonly task: Task;
  /** Names of the classes to learn; those the model knows already start as it knows them. May be empty for embeddings. */
  readonly classNames: readonly string[];
  /** Size of the input; the model's own by default. */
  readonly width?: number;
  readonly height?: number;
  /** Globs of parameters that stay as they are: names of initializers or of nodes. */
  readonly freeze?: readonly string[];
  /** Names of tensors of the file to put the head on, instead of the catalogue's or what is found. */
  readonly cut?: readonly string[];
  /** Factor on the learning rate of what comes trained, 0.1 by default; the head's is 1. */
  readonly rate?: number;
  /** Whether the model's batch normalizations go by the batch when training, the default, or by what they know. */
  readonly normalization?: 'batch' | 'running';
  /** Length of a new embedding; that of the model's features by default, 128 where these are more than 512. */
  readonly dimensions?: number;
}

/**
 * A network whose body is a loaded model's, to be trained on with new classes: preprocessing, body cut before its own
 * head, new head. The head starts with the rows of classes the model knows by name.
 *
 * A model Fovea trained for the same task goes on with its whole network.
 *
 * @throws FoveaError `unfit_input_size`, `unknown_cut`, `unfit_cut`, `no_cut`, `unsupported_model`,
 *   `batch_bound_model`; OnnxError `unknown_parameters` for a glob that matches nothing.
 */
export function finetuneNetwork(config: FinetuneConfig): Network {
  const { from, task, cut } = config;
  const { structure } = from;
  if (!cut && structure && structure.architecture !== 'finetuned' && from.spec?.task === task)
    return continued(config, structure);
  return imported(config);
}

type OwnStructure = Exclude<NetworkStructure, { architecture: 'finetuned' }>;
function rebuilt(structure: OwnStructure, fixed: Size & { classes: number }): Network {
  switch (structure.architecture) {
    case 'classifier':
      return classifierNetwork({ ...fixed, size: structure.size });
    case 'detector':
      return detectorNetwork({ ...fixed, size: structure.size });
    case 'segmenter':
      return segmenterNetwork({ ...fixed, size: structure.size });
    case 'embedder':
      return embedderNetwork({ ...fixed, size: structure.size, dimensions: structure.dimensions });
  }
}

/** A network of Fovea's own, with other classes, that starts as it was trained. */
function continued(config: FinetuneConfig, structure: OwnStructure): Network {
  const { from, classNames, rate = 0.1, freeze = [] } = config;
  const { width = from.input.width, height = from.input.height } = config;
  const network = rebuilt(structure, { classes: classNames.length, width, height });
  const trained = from.model.graph.initializers;
  const rows = matchClasses(classNames, from.spec!.classNames);
  const { parameters } = networkLayout(network);
  const frozen = matchNames(
    freeze,
    parameters.map(({ name }) => name),
  );
  const options = { trained, rows, rate, frozen: (name: string) => frozen.has(name) };
  // Each member of the union builds its own outputs; a scope does not change which.
  return {
    ...network,
    description: describe(config, rows, frozen.size),
    build: (context: BuildContext, images: Value) => network.build(scope(context, options), images),
  } as Network;
}

/** A body, the head on it, and what that starts with. */
interface Plan {
  readonly body: Body;
  readonly head: HeadPlan;
  readonly trained: TrainedTensors;
  /** For each class to learn its row in `trained`. */
  readonly rows: readonly (number | null)[];
}

function planOf(config: FinetuneConfig, size: Size): Plan {
  const { from, task, classNames, cut, dimensions } = config;
  const { model, input, entry, structure } = from;
  const none = { trained: new Map<string, Tensor>(), rows: classNames.map(() => null) };
  const bodyAt = (names: readonly string[]) => prepareBody(model, input, size, names);
  if (cut) {
    const body = bodyAt(cut);
    return { body, head: headFor(body, task, size, dimensions), ...none };
  }
  if (structure?.architecture === 'finetuned' && from.spec?.task === task) {
    const own = [...model.graph.initializers].filter(([name]) => name.startsWith(structure.prefix));
    const trained = new Map(own.map(([name, tensor]) => [name.slice(structure.prefix.length), tensor]));
    const rows = matchClasses(classNames, from.spec.classNames);
    return { body: bodyAt(structure.features), head: structure.head, trained, rows };
  }
  const known = entry?.cut;
  const rows = matchClasses(classNames, entry?.classNames ?? []);
  if (known?.head === 'features' && (task === 'classification' || task === 'embedding')) {
    const body = bodyAt([known.tensor]);
    return { body, head: headFor(body, task, size, dimensions), ...none };
  }
  if (known?.head === 'pixels' && task === 'segmentation') {
    const trained = new Map([
      ['classes.weight', constantOf(model.graph, known.weight)],
      ['classes.bias', constantOf(model.graph, known.bias)],
    ]);
    const body = bodyAt([known.tensor, ...known.finer]);
    return { body, head: { kind: 'refined', channels: 48, alignment: 'asymmetric' }, trained, rows };
  }
  if (known?.head === 'yolox' && task === 'detection') {
    const { strides, levels } = known;
    const objectness = rows.some((row) => row !== null);
    const trained = new Map(
      levels.flatMap(({ classWeight, boxWeight, objectWeight }, level) =>
        Object.entries({ class: classWeight, box: boxWeight, object: objectWeight }).flatMap(([part, weight]) =>
          ['weight', 'bias'].map((kind): [string, Tensor] => [
            `level${level}.${part}.${kind}`,
            constantOf(model.graph, weight.replace(/weight$/, kind)),
          ]),
        ),
      ),
    );
    const body = bodyAt(levels.flatMap(({ classFeatures, boxFeatures }) => [classFeatures, boxFeatures]));
    return { body, head: { kind: 'yolox', strides, objectness }, trained, rows };
  }
  const whole = bodyAt(model.graph.outputs.map(({ name }) => name));
  const found = automaticCut(whole, task, size, dimensions);
  return { body: cutBody(whole, found.cut, size), head: found.head, ...none };
}

function imported(config: FinetuneConfig): Network {
  const { from, task, classNames, freeze = [], rate = 0.1, normalization = 'batch' } = config;
  const { width = from.input.width, height = from.input.height } = config;
  const { multiple } = from.input;
  if (width !== from.input.width || height !== from.input.height) requireMultiple(width, height, multiple);
  const size = { width, height };
  const { body, head, trained, rows } = planOf(config, size);
  const { features, model } = body;
  const prefix = freePrefix(model.graph);
  const classes = classNames.length;
  const frozen = frozenInitializers(model.graph, freeze);

  const featuresIn = (context: BuildContext, images: Value) => {
    const layer = { until: features, freeze, rate, normalization };
    const values = graphLayer(context, '', model, { images }, layer);
    return features.map((name) => values.get(name)!);
  };
  const headIn = (context: BuildContext) => scope(context, { prefix, trained, rows });
  const base = {
    width,
    height,
    description: describe(config, rows, frozen.size),
    structure: { architecture: 'finetuned' as const, features, head, prefix, multiple },
  };
  const assertHead = (...kinds: readonly HeadPlan['kind'][]) =>
    new Error(`internal: a head of kind ${head.kind} for ${task}, which takes ${kinds.join(' or ')}`);
  switch (task) {
    case 'classification':
      if (head.kind !== 'linear') throw assertHead('linear');
      return {
        ...base,
        task,
        classes,
        build: (context, images) => ({
          logits: linearHead(headIn(context), featuresIn(context, images)[0]!, classes),
        }),
      };
    case 'embedding': {
      if (head.kind !== 'embedding') throw assertHead('embedding');
      const { dimensions, project } = head;
      return {
        ...base,
        task,
        classes,
        dimensions,
        build(context, images) {
          const [vector] = featuresIn(context, images);
          const own = headIn(context);
          const embedding = embeddingHead(own, vector!, dimensions, project);
          if (classes === 0) return { embedding };
          const classWeights = own.source.parameter('classes.weight', [classes, dimensions], normalInit(0.1));
          return { embedding, classWeights };
        },
      };
    }
    case 'segmentation': {
      if (head.kind !== 'pixels' && head.kind !== 'decoder' && head.kind !== 'refined')
        throw assertHead('pixels', 'decoder', 'refined');
      // The refined scores have the second map's resolution, all others the first's.
      const [, , rowCount, columnCount] = body.shapes[head.kind === 'refined' ? 1 : 0] as [
        number,
        number,
        number,
        number,
      ];
      const outputStride = Math.round(width / columnCount);
      const onCorners = width - 1 === outputStride * (columnCount - 1) && height - 1 === outputStride * (rowCount - 1);
      const asymmetric = head.kind !== 'decoder' && head.alignment === 'asymmetric';
      const alignment = !asymmetric ? 'half_pixel' : onCorners ? 'align_corners' : 'asymmetric';
      return {
        ...base,
        task,
        classes,
        outputStride,
        alignment,
        build(context, images) {
          const maps = featuresIn(context, images);
          const own = headIn(context);
          const [first, ...others] = maps as [Value, ...Value[]];
          const logits =
            head.kind === 'pixels'
              ? pixelHead(own, first, classes)
              : head.kind === 'refined'
                ? refinedHead(own, first, others, classes, head.channels, alignment)
                : decoderHead(own, maps, classes, head.channels);
          return { logits };
        },
      };
    }
    case 'detection':
      if (head.kind !== 'yolox' && head.kind !== 'pyramid') throw assertHead('yolox', 'pyramid');
      return {
        ...base,
        task,
        classes,
        strides: head.strides,
        build(context, images) {
          const maps = featuresIn(context, images);
          const own = headIn(context);
          return head.kind === 'yolox'
            ? yoloxHead(own, maps, classes, head)
            : pyramidHead(own, maps, classes, head.strides, head.channels);
        },
      };
  }
}

/** A prefix for the head's parameters that no tensor of the body begins with. */
function freePrefix({ initializers }: Graph): string {
  const names = [...initializers.keys()];
  for (let n = 1; ; n++) {
    const prefix = n === 1 ? 'head.' : `head${n}.`;
    if (!names.some((name) => name.startsWith(prefix))) return prefix;
  }
}

/** The numbers of a tensor that does not depend on the graph's inputs: an initializer, or what nodes make of some. */
function constantOf(graph: Graph, name: string): Tensor {
  const known = graph.initializers.get(name);
  if (known) return known;
  const node = graph.nodes.find(({ outputs }) => outputs.includes(name));
  const inputs = node?.inputs.map((input) => (input ? constantOf(graph, input) : null));
  const tensor = node && evaluateNode(node, inputs!)?.[node.outputs.indexOf(name)];
  if (tensor) return tensor;
  throw new FoveaError('unknown_tensor', `The model has no constant tensor "${name}".`, { name });
}

function describe({ from, classNames, freeze = [] }: FinetuneConfig, rows: Plan['rows'], frozen: number): string {
  const known = classNames.filter((_, index) => rows[index] !== null);
  const classes = known.length > 0 ? ` It knew of ${known.join(', ')} before.` : '';
  const kept = frozen > 0 ? ` Kept as they were: ${freeze.join(', ')} (${frozen} tensors).` : '';
  return from.description + classes + kept;
}
