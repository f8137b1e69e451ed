import { open, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { toBinary } from '@bufbuild/protobuf';
import { modelOfProto, parseModel } from './codec.js';
import { OnnxError } from './error.js';
import { externalTensors, largestModel, readExternalData } from './external-data.js';
import { ModelProtoSchema, TensorProto_DataLocation } from './generated/onnx_pb.js';
import type { Model } from './graph.js';

/**
 * Reads an ONNX file and the tensors it keeps in files beside it. Those are read from plain files inside the model's own
 * folder and nowhere else, whatever the model says.
 *
 * @throws OnnxError `model_not_found`, `model_too_large` (2 GB); `external_data_outside` for data outside the folder,
 *   `external_data_missing` for data that is not there or too short; and as `decodeModel`.
 */
export async function loadModel(path: string): Promise<Model> {
  const bytes = await readModelFile(path);
  const proto = parseModel(bytes);
  const tensors = externalTensors(proto);
  return modelOfProto(proto, tensors.length > 0 ? await readExternalData(tensors, dirname(path)) : undefined);
}

/**
 * The bytes of a model as one file: what it keeps beside it is read as `loadModel` does and put in. For whoever hands
 * models to a runtime, which would follow any path.
 *
 * @throws OnnxError as `loadModel`, but that nodes and types are not looked at.
 */
export async function loadModelBytes(path: string): Promise<Uint8Array> {
  const bytes = await readModelFile(path);
  const proto = parseModel(bytes);
  const tensors = externalTensors(proto);
  if (tensors.length === 0) return bytes;
  const data = await readExternalData(tensors, dirname(path));
  const total = [...data.values()].reduce((sum, { length }) => sum + length, bytes.length);
  if (total > largestModel)
    throw new OnnxError('model_too_large', `${path} and its data have ${total} bytes; one file holds ${largestModel}.`);
  for (const [tensor, own] of data) {
    tensor.rawData = own as Uint8Array<ArrayBuffer>;
    tensor.externalData = [];
    tensor.dataLocation = TensorProto_DataLocation.DEFAULT;
  }
  return toBinary(ModelProtoSchema, proto);
}

/**
 * Makes sure that bytes of a model name no other file.
 *
 * @throws OnnxError `external_data`, or `invalid_model` for bytes that are no model.
 */
export function checkSelfContained(bytes: Uint8Array): void {
  const tensor = externalTensors(parseModel(bytes))[0];
  if (tensor)
    throw new OnnxError(
      'external_data',
      `Tensor "${tensor.name}" keeps its data outside the model's bytes; open the model by its path, or save it as one file.`,
    );
}

/**
 * The bytes of a model file.
 *
 * @throws OnnxError `model_not_found` for a path that is no readable file, `model_too_large` beyond 2 GB.
 */
export async function readModelFile(path: string): Promise<Uint8Array> {
  const notFound = (cause: NodeJS.ErrnoException) => {
    throw new OnnxError(
      'model_not_found',
      `There is no model file to read at ${path} (${cause.code}).`,
      { path },
      { cause },
    );
  };
  // Looked at before it is opened: opening a pipe would wait for whoever writes to it.
  if (!(await stat(path).catch(notFound)).isFile())
    throw new OnnxError('model_not_found', `${path} is no file.`, { path });
  const handle = await open(path).catch(notFound);
  try {
    const { size } = await handle.stat();
    if (size > largestModel)
      throw new OnnxError(
        'model_too_large',
        `${path} has ${size} bytes; an ONNX file has ${largestModel} at most, larger weights lie beside it.`,
        { path, sizeBytes: size },
      );
    return await handle.readFile();
  } finally {
    await handle.close();
  }
}
