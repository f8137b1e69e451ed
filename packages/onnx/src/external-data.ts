import { constants } from 'node:fs';
import { type FileHandle, lstat, open, realpath } from 'node:fs/promises';
import { isAbsolute, join, relative, sep, win32 } from 'node:path';
import { OnnxError } from './error.js';
import {
  type AttributeProto,
  type GraphProto,
  type ModelProto,
  type NodeProto,
  type SparseTensorProto,
  type TensorProto,
  TensorProto_DataLocation,
} from './generated/onnx_pb.js';

/** Bytes a model file, and all it keeps outside, may have: what a protobuf message can hold. */
export const largestModel = 2 ** 31 - 1;

/** The tensors of a model that are kept in other files, wherever in it they stand. */
export function externalTensors(model: ModelProto): TensorProto[] {
  const found: TensorProto[] = [];
  const take = (tensor: TensorProto | undefined) => {
    if (tensor?.dataLocation === TensorProto_DataLocation.EXTERNAL) found.push(tensor);
  };
  const inSparse = (sparse: SparseTensorProto | undefined) => {
    take(sparse?.values);
    take(sparse?.indices);
  };
  const inAttribute = (attribute: AttributeProto) => {
    take(attribute.t);
    attribute.tensors.forEach(take);
    inSparse(attribute.sparseTensor);
    attribute.sparseTensors.forEach(inSparse);
    if (attribute.g) inGraph(attribute.g);
    attribute.graphs.forEach(inGraph);
  };
  const inNodes = (nodes: readonly NodeProto[]) => {
    for (const node of nodes) node.attribute.forEach(inAttribute);
  };
  const inGraph = (graph: GraphProto) => {
    graph.initializer.forEach(take);
    graph.sparseInitializer.forEach(inSparse);
    inNodes(graph.node);
  };
  if (model.graph) inGraph(model.graph);
  for (const { node, attributeProto } of model.functions) {
    inNodes(node);
    attributeProto.forEach(inAttribute);
  }
  return found;
}

interface Reference {
  readonly tensor: string;
  readonly location: string;
  readonly offset: number;
  /** To the end of the file where it is not told. */
  readonly length: number | undefined;
}

function referenceOf(tensor: TensorProto): Reference {
  const entries = new Map(tensor.externalData.map(({ key, value }) => [key, value]));
  const size = (key: string): number | undefined => {
    const value = entries.get(key);
    if (value === undefined) return undefined;
    const number = /^\d+$/.test(value) ? Number(value) : Number.NaN;
    if (Number.isSafeInteger(number)) return number;
    throw missing(tensor.name, `its ${key} "${value}" is no number of bytes`);
  };
  const location = entries.get('location');
  if (!location) throw missing(tensor.name, 'no file is named');
  return { tensor: tensor.name, location, offset: size('offset') ?? 0, length: size('length') };
}

const missing = (tensor: string, reason: string): OnnxError =>
  new OnnxError('external_data_missing', `The data of tensor "${tensor}" is not to be had: ${reason}.`, { tensor });

const outside = ({ tensor, location }: Reference, reason: string): OnnxError =>
  new OnnxError(
    'external_data_outside',
    `Tensor "${tensor}" names the file "${location}" for its data, ${reason}; only plain files inside the model's own folder are read.`,
    { tensor, location },
  );

/**
 * Reads what tensors keep outside the model file, from plain files inside `folder` and nowhere else: no absolute paths,
 * no steps upwards, no symbolic link that leads out, no device and no pipe.
 *
 * @throws OnnxError `external_data_outside`, `external_data_missing` for a file that is not there or too short,
 *   `model_too_large` beyond 2 GB.
 */
export async function readExternalData(
  tensors: readonly TensorProto[],
  folder: string,
): Promise<Map<TensorProto, Uint8Array>> {
  const root = await realpath(folder);
  const files = new Map<string, { handle: FileHandle; size: number }>();
  const data = new Map<TensorProto, Uint8Array>();
  let total = 0;
  try {
    for (const tensor of tensors) {
      const reference = referenceOf(tensor);
      let file = files.get(reference.location);
      if (!file) {
        file = await openInside(root, reference);
        files.set(reference.location, file);
      }
      const length = reference.length ?? file.size - reference.offset;
      if (length < 0 || reference.offset + length > file.size)
        throw missing(
          reference.tensor,
          `bytes ${reference.offset} to ${reference.offset + Math.max(length, 0)} lie behind the end of "${reference.location}", which has ${file.size}`,
        );
      total += length;
      if (total > largestModel)
        throw new OnnxError('model_too_large', `The model keeps more than ${largestModel} bytes outside its file.`);
      data.set(tensor, await readRange(file.handle, reference, length));
    }
  } finally {
    for (const { handle } of files.values()) await handle.close();
  }
  return data;
}

/** Opens the file a tensor names, after making sure that it is one and where it lies. */
async function openInside(root: string, reference: Reference): Promise<{ handle: FileHandle; size: number }> {
  const { location, tensor } = reference;
  if (isAbsolute(location) || win32.isAbsolute(location) || /^[a-z]:/i.test(location))
    throw outside(reference, 'which is no relative path');
  if (location.includes('\\') || location.includes('\0')) throw outside(reference, 'which is no plain path');
  if (location.split('/').includes('..')) throw outside(reference, 'which leads upwards');
  let path: string;
  try {
    path = await realpath(join(root, location));
  } catch (cause) {
    throw Object.assign(missing(tensor, `there is no file "${location}" beside the model`), { cause });
  }
  if (!isInside(root, path)) throw outside(reference, 'which is a link out of it');
  // What is no file is never opened: opening a pipe waits, opening a device may do anything.
  if (!(await lstat(path)).isFile()) throw outside(reference, 'which is no plain file');
  const { O_RDONLY, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants;
  const handle = await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  try {
    // Looked at again through the handle: the path could have been changed meanwhile.
    const found = await handle.stat();
    if (!found.isFile() || !isInside(root, await realpath(path))) throw outside(reference, 'which is no plain file');
    return { handle, size: found.size };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

function isInside(root: string, path: string): boolean {
  const way = relative(root, path);
  return way !== '' && way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

async function readRange(
  handle: FileHandle,
  { tensor, location, offset }: Reference,
  length: number,
): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let at = 0;
  while (at < length) {
    const { bytesRead } = await handle.read(bytes, at, length - at, offset + at);
    if (bytesRead === 0) throw missing(tensor, `"${location}" became shorter while it was read`);
    at += bytesRead;
  }
  return bytes;
}
