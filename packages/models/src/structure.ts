import { type Model, OnnxError } from '@fovea/onnx';
import type { DetectorSize } from './detector/architecture.js';
import type { HeadPlan } from './finetune/heads.js';
import type { BackboneSize } from './networks/backbone.js';
import type { SegmenterSize } from './networks/segmenter.js';

/** What a network was built from, kept in its exported file, so that training can go on from there. */
export type NetworkStructure =
  | { readonly architecture: 'classifier'; readonly size: BackboneSize }
  | { readonly architecture: 'detector'; readonly size: DetectorSize }
  | { readonly architecture: 'segmenter'; readonly size: SegmenterSize }
  | { readonly architecture: 'embedder'; readonly size: BackboneSize; readonly dimensions: number }
  | {
      readonly architecture: 'finetuned';
      /** Tensors of the file that the head stands on. */
      readonly features: readonly string[];
      readonly head: HeadPlan;
      /** Begins the names of the head's parameters. */
      readonly prefix: string;
      /** Both sides of other input sizes must be multiples of this. */
      readonly multiple: number;
    };

const metadataKey = 'fovea.structure';

/** Metadata entries that carry `structure`. */
export function encodeStructure(structure: NetworkStructure): Record<string, string> {
  return { [metadataKey]: JSON.stringify(structure) };
}

/** The structure in a model's metadata, `undefined` where there is none; throws `invalid_model` where it is broken. */
export function decodeStructure(model: Model): NetworkStructure | undefined {
  const text = model.metadata[metadataKey];
  if (text === undefined) return undefined;
  try {
    const structure = JSON.parse(text) as NetworkStructure;
    if (typeof structure?.architecture === 'string') return structure;
  } catch (cause) {
    throw new OnnxError('invalid_model', `The model's metadata entry "${metadataKey}" is not JSON.`, {}, { cause });
  }
  throw new OnnxError('invalid_model', `The model's metadata entry "${metadataKey}" names no architecture.`);
}
