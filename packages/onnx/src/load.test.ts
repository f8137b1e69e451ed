import { execFileSync } from 'node:child_process';
import { link, mkdir, mkdtemp, open, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GraphBuilder } from './builder.js';
import { decodeModel, encodeModel, modelOf } from './codec.js';
import { ModelProtoSchema, StringStringEntryProtoSchema, TensorProto_DataLocation } from './generated/onnx_pb.js';
import { loadModel } from './load.js';
import { tensorOf } from './tensor.js';

const weight = tensorOf('float32', [1, 2, 3, 4]);

/** A model whose one initializer is kept where `entries` say. */
function externalModel(entries: Record<string, string>): Uint8Array {
  const graph = new GraphBuilder('external');
  const x = graph.input('x', 'float32', [4]);
  graph.output(graph.node('Add', [x, graph.constant(weight, 'weight')]), 'y');
  const proto = fromBinary(ModelProtoSchema, encodeModel(modelOf(graph.build())));
  const tensor = proto.graph!.initializer[0]!;
  tensor.rawData = new Uint8Array();
  tensor.dataLocation = TensorProto_DataLocation.EXTERNAL;
  tensor.externalData = Object.entries(entries).map(([key, value]) =>
    create(StringStringEntryProtoSchema, { key, value }),
  );
  return toBinary(ModelProtoSchema, proto);
}

describe('loadModel', () => {
  let root: string;
  let folder: string;
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'fovea-onnx-'));
    folder = join(root, 'model');
    await mkdir(join(folder, 'parts'), { recursive: true });
    const bytes = Buffer.from((weight.data as Float32Array).buffer);
    await writeFile(join(folder, 'weights.bin'), Buffer.concat([Buffer.alloc(8, 0xff), bytes, Buffer.alloc(4)]));
    await writeFile(join(folder, 'parts', 'exact.bin'), bytes);
    await writeFile(join(root, 'secret.bin'), bytes);
    await writeFile(join(folder, 'short.bin'), bytes.subarray(0, 12));
    await symlink(join(root, 'secret.bin'), join(folder, 'link.bin'));
    await symlink(root, join(folder, 'up'));
    await symlink('weights.bin', join(folder, 'within.bin'));
    await symlink(join(folder, 'nowhere.bin'), join(folder, 'dangling.bin'));
    await symlink('/dev/zero', join(folder, 'zeros.bin'));
    await mkdir(join(root, 'model-twin'));
    await link(join(root, 'secret.bin'), join(root, 'model-twin', 'exact.bin'));
    if (process.platform !== 'win32') execFileSync('mkfifo', [join(folder, 'pipe')]);
  });
  afterAll(() => rm(root, { recursive: true, force: true }));

  const load = async (entries: Record<string, string>) => {
    const path = join(folder, 'model.onnx');
    await writeFile(path, externalModel(entries));
    return loadModel(path);
  };

  it.each([
    [{ location: 'weights.bin', offset: '8', length: '16' }],
    [{ location: 'parts/exact.bin' }],
    [{ location: './parts/exact.bin', offset: '0' }],
    [{ location: 'within.bin', offset: '8', length: '16', checksum: 'x' }],
  ])('reads %j beside the model', async (entries) => {
    const model = await load(entries);
    expect(model.graph.initializers.get('weight')).toEqual(weight);
    expect(decodeModel(encodeModel(model))).toEqual(model);
  });

  it('reads them through a path that is itself a link to the folder', async () => {
    await load({ location: 'parts/exact.bin' });
    await symlink(folder, join(root, 'alias')).catch(() => {});
    const model = await loadModel(join(root, 'alias', 'model.onnx'));
    expect(model.graph.initializers.get('weight')).toEqual(weight);
  });

  it.each([
    '../secret.bin',
    'parts/../../secret.bin',
    'parts/../parts/exact.bin',
    '..',
    '.',
    'parts',
    'link.bin',
    'up/secret.bin',
    'up/model/weights.bin/../../secret.bin',
    '/etc/hostname',
    '/dev/zero',
    'zeros.bin',
    '../model-twin/exact.bin',
    'C:\\secret.bin',
    'C:/secret.bin',
    'c:secret.bin',
    '\\\\server\\share\\x',
    'parts\\exact.bin',
    'weights.bin\0.txt',
    ...(process.platform === 'win32' ? [] : ['pipe']),
  ])('refuses %j as outside', async (location) => {
    await expect(load({ location })).rejects.toMatchObject({
      name: 'OnnxError',
      code: 'external_data_outside',
      message: expect.stringContaining('"weight"'),
    });
  });

  it('reads a link that leads back into the folder', async () => {
    const model = await load({ location: 'up/model/parts/exact.bin' });
    expect(model.graph.initializers.get('weight')).toEqual(weight);
  });

  it.each([
    [{}],
    [{ location: '' }],
    [{ location: 'none.bin' }],
    [{ location: 'dangling.bin' }],
    [{ location: 'short.bin', length: '16' }],
    [{ location: 'weights.bin', offset: '24', length: '16' }],
    [{ location: 'weights.bin', offset: '100' }],
    [{ location: 'weights.bin', offset: '-8', length: '16' }],
    [{ location: 'weights.bin', offset: '8', length: '16.5' }],
    [{ location: 'weights.bin', offset: '9007199254740993', length: '16' }],
  ])('says what is missing of %j', async (entries) => {
    await expect(load(entries)).rejects.toMatchObject({
      code: 'external_data_missing',
      message: expect.stringContaining('"weight"'),
    });
  });

  it.each([[{ location: 'short.bin' }], [{ location: 'weights.bin', offset: '8', length: '20' }]])(
    'refuses %j, which does not fill the shape',
    async (entries) => {
      await expect(load(entries)).rejects.toMatchObject({ code: 'truncated_tensor' });
    },
  );

  it('is the only way to data outside', () => {
    expect(() => decodeModel(externalModel({ location: 'weights.bin' }))).toThrow(
      expect.objectContaining({ code: 'external_data', message: expect.stringMatching(/"weight".*path/) }),
    );
  });

  it('refuses what is no file, is none yet, or is too large, without reading it', async () => {
    await expect(loadModel(join(folder, 'none.onnx'))).rejects.toMatchObject({ code: 'model_not_found' });
    await expect(loadModel(folder)).rejects.toMatchObject({ code: 'model_not_found' });
    if (process.platform !== 'win32')
      await expect(loadModel(join(folder, 'pipe'))).rejects.toMatchObject({ code: 'model_not_found' });
    const huge = join(folder, 'huge.onnx');
    await (await open(huge, 'w')).close();
    await truncate(huge, 2 ** 31);
    await expect(loadModel(huge)).rejects.toMatchObject({ code: 'model_too_large' });
  });
});
