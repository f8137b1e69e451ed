import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tensorOf } from '@fovea/onnx';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deviceNames, listDevices } from './device.js';
import { createSession } from './session.js';
import { openWorkerSession } from './worker-session.js';

const weight = Buffer.from(Float32Array.of(10, 20).buffer);

/** A field of a protobuf message: bytes, or a small number. */
const field = (number: number, value: Buffer | string | number): Buffer =>
  typeof value === 'number'
    ? Buffer.from([number << 3, value])
    : Buffer.concat([Buffer.from([(number << 3) | 2, value.length]), Buffer.from(value)]);
const message = (...fields: Buffer[]): Buffer => Buffer.concat(fields);

/** y = x + weight, written by hand as the standard says; with `location` the weight is kept in that file. */
function model(location?: string): Uint8Array {
  const value = (name: string) => {
    const shape = message(field(1, message(field(1, 2))));
    return message(field(1, name), field(2, message(field(1, message(field(1, 1), field(2, shape))))));
  };
  const data = location
    ? [field(13, message(field(1, 'location'), field(2, location))), field(14, 1)]
    : [field(9, weight)];
  const tensor = message(field(1, 2), field(2, 1), field(8, 'weight'), ...data);
  const node = message(field(1, 'x'), field(1, 'weight'), field(2, 'y'), field(4, 'Add'));
  const graph = [field(1, node), field(2, 'external'), field(5, tensor), field(11, value('x')), field(12, value('y'))];
  const long = message(...graph);
  const size = Buffer.from([(long.length & 0x7f) | 0x80, long.length >> 7]);
  const opset = message(field(2, 17));
  return message(field(1, 8), Buffer.from([(7 << 3) | 2]), size, long, field(8, opset));
}

const feed = { x: tensorOf('float32', [1, 2]) };
const openers = [
  ['createSession', createSession],
  ['openWorkerSession', openWorkerSession],
] as const;

describe.each(openers)('%s and data outside the model', (_, open) => {
  let root: string;
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'fovea-runtime-'));
    await mkdir(join(root, 'model'));
    await writeFile(join(root, 'secret'), weight);
    await writeFile(join(root, 'model', 'near'), weight);
  });
  afterAll(() => rm(root, { recursive: true, force: true }));

  const written = async (location: string) => {
    const path = join(root, 'model', 'model.onnx');
    await writeFile(path, model(location));
    return path;
  };

  it('reads it beside the file', async () => {
    const session = await open(await written('near'));
    expect([...((await session.run(feed)).y!.data as Float32Array)]).toEqual([11, 22]);
    await session.release();
  });

  it('leaves it alone elsewhere', async () => {
    await expect(open(await written('../secret'))).rejects.toMatchObject({ code: 'external_data_outside' });
    await expect(open(await written('/etc/passwd'))).rejects.toMatchObject({ code: 'external_data_outside' });
    await expect(open(await written('none'))).rejects.toMatchObject({ code: 'external_data_missing' });
  });

  it('follows no path that bytes name', async () => {
    for (const location of ['near', join(root, 'secret')])
      await expect(open(model(location))).rejects.toMatchObject({
        code: 'external_data',
        message: expect.stringContaining('"weight"'),
      });
  });
});

describe('devices', () => {
  it('are listed with what the missing ones take', () => {
    const devices = listDevices();
    expect(devices.map(({ name }) => name)).toEqual(deviceNames);
    expect(devices[0]).toEqual({ name: 'cpu', available: true, hint: '' });
    for (const { available, hint } of devices) expect(hint === '').toBe(available);
  });

  it('compute on the CPU when it is named', async () => {
    const session = await createSession(model(), { device: 'cpu' });
    expect([...((await session.run(feed)).y!.data as Float32Array)]).toEqual([11, 22]);
    await session.release();
  });

  const missing = listDevices().filter(({ available }) => !available);
  it.skipIf(missing.length === 0)('that are not offered are refused with what to do and what there is', async () => {
    for (const { name } of missing)
      for (const [, open] of openers)
        await expect(open(model(), { device: name })).rejects.toMatchObject({
          code: 'device_not_available',
          message: expect.stringMatching(new RegExp(`"${name}".*Available here: cpu`)),
          details: expect.objectContaining({ device: name, available: expect.arrayContaining(['cpu']) }),
        });
    for (const { name, hint } of missing) await expect(createSession(model(), { device: name })).rejects.toThrow(hint);
  });

  it('that are offered compute, or say that no driver answers', async () => {
    for (const { name, available } of listDevices()) {
      if (!available) continue;
      const opened = await createSession(model(), { device: name }).catch((error: unknown) => error);
      if (opened instanceof Error) {
        expect(opened).toMatchObject({ code: 'device_not_available', message: expect.stringContaining(`"${name}"`) });
        continue;
      }
      const session = opened as Awaited<ReturnType<typeof createSession>>;
      expect([...((await session.run(feed)).y!.data as Float32Array)]).toEqual([11, 22]);
      await session.release();
    }
  });

  it('of another name are refused with the names', async () => {
    await expect(createSession(model(), { device: 'tpu' as 'cpu' })).rejects.toMatchObject({
      code: 'device_not_available',
      message: expect.stringContaining('cpu, cuda, webgpu, coreml, directml'),
    });
  });
});
