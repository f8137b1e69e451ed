import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { FoveaError } from '@fovea/annotations';
import { decodeModel, loadModel, type Model, readModelFile, upgradeModel } from '@fovea/onnx';
import { imageInput } from '../finetune/body.js';
import { decodeSpec, hasSpec, type ModelSpec } from '../spec.js';
import { decodeStructure, type NetworkStructure } from '../structure.js';
import { catalogue, findEntry, type PretrainedModel, type SourceInput } from './catalogue.js';
import { loadPretrained, modelFolders } from './locate.js';

/** A model to start training from. */
export interface PretrainedSource {
  /** Name in the catalogue, or of the file. */
  readonly name: string;
  readonly path: string;
  readonly sha256: string;
  /** At operator set 17. */
  readonly model: Model;
  /** What the catalogue says, where the file is in it. */
  readonly entry?: PretrainedModel;
  /** What the file itself says, where Fovea exported it. */
  readonly spec?: ModelSpec;
  readonly structure?: NetworkStructure;
  readonly input: SourceInput;
  /** Which model this is, and what about its input was assumed. */
  readonly description: string;
}

/** Options of {@link openPretrainedSource}. */
export interface SourceOptions {
  /** Folders to look in for the catalogue's models, after those of `FOVEA_MODEL_PATH`. */
  readonly folders?: readonly string[];
  /** How the model wants its input, over what the catalogue says or is assumed. */
  readonly input?: Partial<SourceInput>;
  /** The model's bytes where `from` names something that is already loaded. */
  readonly bytes?: Uint8Array;
}

/**
 * Opens a model to start from: by its name in the catalogue, or the path of an ONNX file. A file that is in the catalogue
 * by its SHA-256, or that Fovea exported, says itself how it is fed. Of any other file `input` says it; what it leaves
 * out is taken from the shape of the model's input, and as RGB of ImageNet's mean and standard deviation, which the
 * description then says.
 *
 * @throws FoveaError `unknown_pretrained`, `pretrained_missing`, `pretrained_altered`,
 *   `unsupported_model`; OnnxError as `loadModel` and `upgradeModel`.
 */
export async function openPretrainedSource(from: string, options: SourceOptions = {}): Promise<PretrainedSource> {
  const { path, bytes } = await loadSource(from, options);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  // From a path, for the tensors a model may keep in files beside it.
  const model = upgradeModel(options.bytes ? decodeModel(bytes) : await loadModel(path));
  const entry = catalogue.find((known) => known.sha256 === sha256);
  const spec = !entry && hasSpec(model) ? decodeSpec(model) : undefined;
  const structure = spec ? decodeStructure(model) : undefined;
  const name = entry?.name ?? basename(path, '.onnx');
  const known = entry?.input ?? (spec ? ownInput(spec, structure) : undefined);
  const assumed = known ?? assumedInput(model);
  const stated = options.input ?? {};
  const missing = (['colours', 'mean', 'std'] as const).filter((key) => stated[key] === undefined);
  const note =
    known || missing.length === 0
      ? ''
      : ` How its input is to be made was not stated; of ${missing.join(', ')} it is assumed: RGB, mean and standard ` +
        'deviation of ImageNet.';
  const origin = entry ? `${entry.name} (${entry.origin}; ${entry.licence})` : `${basename(path)}`;
  return {
    name,
    path,
    sha256,
    model,
    ...(entry ? { entry } : {}),
    ...(spec ? { spec } : {}),
    ...(structure ? { structure } : {}),
    input: { ...assumed, ...stated },
    description: `Started from ${origin}.${note}`,
  };
}

async function loadSource(from: string, options: SourceOptions): Promise<{ path: string; bytes: Uint8Array }> {
  if (options.bytes) return { path: from, bytes: options.bytes };
  const entry = /[/\\]/.test(from) ? undefined : findEntry(from);
  const isPath = /[/\\]/.test(from) || /\.onnx$/i.test(from);
  if (entry && !(isPath && (await isFile(from)))) return loadPretrained(entry, modelFolders(options.folders));
  if (isPath) return { path: from, bytes: await readModelFile(from) };
  const names = catalogue.filter(({ task }) => task !== null).map((known) => known.name);
  throw new FoveaError(
    'unknown_pretrained',
    `"${from}" is neither a pretrained model of the catalogue (${names.join(', ')}) nor the path of an ONNX file.`,
    { from },
  );
}

const isFile = (path: string) =>
  stat(path).then(
    (found) => found.isFile(),
    () => false,
  );

/** A model Fovea exported normalizes its input itself. */
function ownInput({ input }: ModelSpec, structure: NetworkStructure | undefined): SourceInput {
  const { width, height, resize } = input;
  const multiple = structure?.architecture === 'finetuned' ? structure.multiple : 32;
  return { width, height, multiple, resize, layout: 'NCHW', colours: 'RGB', mean: [0, 0, 0], std: [1, 1, 1] };
}

function assumedInput(model: Model): SourceInput {
  const { shape } = imageInput(model.graph);
  const layout = shape[1] !== 3 && shape[3] === 3 ? 'NHWC' : 'NCHW';
  const [height, width] = layout === 'NCHW' ? shape.slice(2) : shape.slice(1);
  const length = (side: number | string | undefined) => (typeof side === 'number' && side > 0 ? side : 224);
  const channels = layout === 'NCHW' ? shape[1] : shape[3];
  if (typeof channels === 'number' && channels !== 3)
    throw new FoveaError(
      'unsupported_model',
      `The model's input [${shape}] has ${channels} channels; Fovea feeds pictures of three colours.`,
      { shape },
    );
  return {
    width: length(width),
    height: length(height),
    multiple: 32,
    layout,
    colours: 'RGB',
    mean: [123.675, 116.28, 103.53],
    std: [58.395, 57.12, 57.375],
    resize: 'cover-centre',
  };
}
