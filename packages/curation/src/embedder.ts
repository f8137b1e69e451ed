import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { EncodedImage, RawImage } from '@fovea/image';
import {
  exportFeatures,
  findEntry,
  type OpenModel,
  openModel,
  openPretrainedSource,
  type PretrainedSource,
} from '@fovea/models';
import { resolveModel } from '@fovea/registry';
import type { DeviceName } from '@fovea/runtime';
import type { Home } from '@fovea/store';
import { computePixelDescriptor, PIXEL_DIMENSIONS } from './pixel-descriptor.js';

/** Name of the descriptor made without a model; see `computePixelDescriptor`. */
export const PIXELS = 'pixels';

/** A picture to look at: its pixels, its file's bytes, or these with the size they are known to have. */
export type PictureInput = RawImage | EncodedImage | Uint8Array;

/** What turns pictures into vectors. */
export interface Embedder {
  /** As it is written beside its vectors: `name@version`, the name of a pretrained model, or `pixels`. */
  readonly model: string;
  readonly dimensions: number;
  /** Vectors of length 1, in order. @throws FoveaError `unreadable_image` */
  embed(pictures: readonly PictureInput[]): Promise<Float32Array[]>;
  close(): Promise<void>;
}

/** How a model computes. */
export interface ModelOptions {
  /** Threads within one operator; one a core by default. */
  readonly threads?: number | undefined;
  readonly device?: DeviceName | undefined;
}

/** Folder of the home that pretrained models are fetched to. */
export const modelFolder = (home: Home) => join(home.path, 'models');

/** A model by name: registered (`name`, `name@alias`, `name@3`), or of the catalogue. */
export type FoundModel =
  | { readonly kind: 'registered'; readonly name: string; readonly path: string; readonly task: string }
  | { readonly kind: 'pretrained'; readonly name: string; readonly source: PretrainedSource };

/**
 * Finds a model by name: one of the catalogue, whose file must be there (nothing is fetched), else one of the registry.
 *
 * @throws FoveaError `pretrained_missing`, saying how to get it; RegistryError `unknown_model`, `unknown_version`
 */
export async function findModel(home: Home, name: string): Promise<FoundModel> {
  const entry = name.includes('@') ? undefined : findEntry(name);
  if (entry) {
    const source = await openPretrainedSource(entry.name, { folders: [modelFolder(home)] });
    return { kind: 'pretrained', name: entry.name, source };
  }
  const version = await resolveModel(home, name);
  return {
    kind: 'registered',
    name: `${version.name}@${version.version}`,
    path: await home.blobs.localPath(version.sha256),
    task: version.card.task,
  };
}

/**
 * Opens what embeds pictures: a registered embedder as it is; any other registered model, or one of the catalogue, cut
 * before its head (see `exportFeatures`); or `pixels`, which needs no model. Computes in a worker thread; `close` ends it.
 *
 * @throws FoveaError as {@link findModel} and `exportFeatures`
 */
export async function openEmbedder(home: Home, model: string, options: ModelOptions = {}): Promise<Embedder> {
  if (model === PIXELS) return openPixels();
  const { threads = availableParallelism(), device } = options;
  const found = await findModel(home, model);
  const open = async (): Promise<OpenModel> => {
    if (found.kind === 'registered' && found.task === 'embedding') return openModel(found.path, { threads, device });
    const source = found.kind === 'pretrained' ? found.source : await openPretrainedSource(found.path);
    return openModel(exportFeatures(source).bytes, { threads, device });
  };
  const opened = await open();
  if (opened.task !== 'embedding') throw new Error(`internal: ${found.name} was opened for ${opened.task}`);
  return {
    model: found.name,
    dimensions: opened.spec.dimensions,
    embed: async (pictures) => (await opened.predict(pictures)).map(({ embedding }) => embedding),
    close: () => opened.close(),
  };
}

function openPixels(): Embedder {
  return {
    model: PIXELS,
    dimensions: PIXEL_DIMENSIONS,
    embed: (pictures) => Promise.all(pictures.map((picture) => computePixelDescriptor(picture))),
    close: async () => undefined,
  };
}
