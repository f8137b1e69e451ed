import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { decodeModel, encodeModel, GraphBuilder, modelOf, type Tensor, tensorOf } from '@fovea/onnx';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSession, type Session } from './session.js';
import { openWorkerSession, sessionOf } from './worker-session.js';

/** y = 2 x + 1 and s = sum of x, over two numbers. */
function model(): Uint8Array {
  const graph = new GraphBuilder('double');
  const x = graph.input('x', 'float32', [2]);
  graph.output(graph.node('Add', [graph.node('Mul', [x, graph.scalar(2)]), graph.scalar(1)]), 'y');
  graph.output(graph.node('ReduceSum', [x], { keepdims: 0 }), 's');
  return encodeModel(modelOf(graph.build()));
}

const feed = (...values: number[]): Record<string, Tensor> => ({ x: tensorOf('float32', values) });
const bytes = model();
const open = [
  ['in this thread', () => createSession(bytes)],
  ['in a worker', () => openWorkerSession(bytes)],
] as const;

describe.each(open)('a session %s', (_, create) => {
  let session: Session;
  beforeAll(async () => {
    session = await create();
  });
  afterAll(() => session.release());

  it('names its inputs and outputs', () => {
    expect(session.inputNames).toEqual(['x']);
    expect(session.outputNames).toEqual(['y', 's']);
  });

  it('computes, and leaves the feeds to the caller', async () => {
    const feeds = feed(1, -3);
    const { y, s } = await session.run(feeds);
    expect(y).toEqual(tensorOf('float32', [3, -5]));
    expect(s).toEqual(tensorOf('float32', [-2], []));
    expect([...(feeds.x!.data as Float32Array)]).toEqual([1, -3]);
  });

  it('answers runs asked for at once each with its own result', async () => {
    const order: number[] = [];
    const runs = Array.from({ length: 50 }, async (_, i) => {
      const { y } = await session.run(feed(i, 0));
      order.push(i);
      return y!.data[0];
    });
    expect(await Promise.all(runs)).toEqual(Array.from({ length: 50 }, (_, i) => 2 * i + 1));
    expect(order).toEqual([...order].sort((a, b) => a - b));
  });

  it('goes on after feeds that do not fit', async () => {
    const wrong: Record<string, Tensor>[] = [{}, feed(1, 2, 3), { x: tensorOf('int32', [1, 2]) }, { z: feed(1, 2).x! }];
    const runs = Promise.allSettled(wrong.map((feeds) => session.run(feeds)));
    const right = session.run(feed(5, 5));
    expect((await runs).map(({ status }) => status)).toEqual(wrong.map(() => 'rejected'));
    expect([...((await right).y!.data as Float32Array)]).toEqual([11, 11]);
  });

  it('takes a feed that is a view into larger memory', async () => {
    const data = Float32Array.of(9, 4, 5, 9).subarray(1, 3);
    const { y } = await session.run({ x: { dtype: 'float32', shape: [2], data } });
    expect([...(y!.data as Float32Array)]).toEqual([9, 11]);
  });
});

describe('createSession', () => {
  it('writes outputs into memory that is given', async () => {
    const session = await createSession(bytes);
    const y = new Float32Array(2);
    const outputs = await session.run(feed(1, 2), { y: { dtype: 'float32', shape: [2], data: y } });
    expect([...y]).toEqual([3, 5]);
    expect([...(outputs.s!.data as Float32Array)]).toEqual([3]);
    await session.release();
  });
});

describe('openWorkerSession', () => {
  it('answers what was asked before the release, and refuses what comes after', async () => {
    const session = await openWorkerSession(bytes);
    const before = session.run(feed(1, 1));
    const released = session.release();
    expect([...((await before).y!.data as Float32Array)]).toEqual([3, 3]);
    await released;
    await expect(session.run(feed(1, 1))).rejects.toMatchObject({ code: 'session_closed' });
    await session.release();
  });

  it('leaves no run without an answer when it is released in between', async () => {
    const session = await openWorkerSession(bytes);
    const results = Promise.allSettled([session.run(feed(1, 1)), session.release(), session.run(feed(2, 2))]);
    const [first, released, late] = await results;
    expect([first!.status, released!.status]).toEqual(['fulfilled', 'fulfilled']);
    expect(late!.status).toBe('rejected');
  });

  it('can be released twice at once', async () => {
    const session = await openWorkerSession(bytes);
    await Promise.all([session.release(), session.release()]);
  });

  it('holds several sessions side by side', async () => {
    const sessions = await Promise.all([openWorkerSession(bytes), openWorkerSession(bytes), openWorkerSession(bytes)]);
    const results = await Promise.all(sessions.map((session, i) => session.run(feed(i, i))));
    expect(results.map(({ y }) => y!.data[0])).toEqual([1, 3, 5]);
    await Promise.all(sessions.map((session) => session.release()));
  });

  describe('says model_not_loadable', () => {
    let folder: string;
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'fovea-runtime-'));
    });
    afterAll(() => rm(folder, { recursive: true, force: true }));
    const loaders = [createSession, openWorkerSession];

    it.each(loaders)('for bytes that are no model, %#', async (load) => {
      for (const bad of [new Uint8Array(), Buffer.from('not a model'), bytes.subarray(0, bytes.length - 7)])
        await expect(load(bad)).rejects.toMatchObject({
          code: 'model_not_loadable',
          message: expect.stringContaining('The model cannot be loaded: The file is not an ONNX model'),
        });
    });

    it.each(loaders)('for a missing file and for one that is no model, %#', async (load) => {
      await expect(load(join(folder, 'none.onnx'))).rejects.toMatchObject({ code: 'model_not_loadable' });
      await writeFile(join(folder, 'bad.onnx'), 'no model');
      await expect(load(join(folder, 'bad.onnx'))).rejects.toMatchObject({ code: 'model_not_loadable' });
    });

    it.each(loaders)('for a graph onnxruntime refuses, with its reason, %#', async (load) => {
      const decoded = decodeModel(bytes);
      const nodes = decoded.graph.nodes.map((node) => ({ ...node, opType: 'NoSuchOperator' }));
      const strange = encodeModel({ ...decoded, graph: { ...decoded.graph, nodes } });
      await expect(load(strange)).rejects.toMatchObject({
        code: 'model_not_loadable',
        message: expect.stringMatching(/onnxruntime cannot load.*NoSuchOperator/),
      });
    });

    it('and loads a file that is one', async () => {
      await writeFile(join(folder, 'good.onnx'), bytes);
      const session = await openWorkerSession(join(folder, 'good.onnx'));
      expect((await session.run(feed(0, 0))).y!.data[0]).toBe(1);
      await session.release();
    });
  });
});

describe('a session whose thread dies', () => {
  /** A thread that is ready, answers no run, and ends by `death` at the second message. */
  const dying = (death: string) =>
    sessionOf(
      new Worker(
        `const { parentPort } = require('node:worker_threads');
        let asked = 0;
        parentPort.on('message', () => { if (++asked === 2) { ${death} } });
        parentPort.postMessage({ ready: true, inputNames: ['x'], outputNames: ['y'] });`,
        { eval: true },
      ),
    );

  it.each([
    ['ends', 'process.exit(3)', /code 3/],
    ['throws', "throw new Error('out of luck')", /out of luck/],
    ['is gone without a word', 'process.exit(0)', /code 0/],
  ])('and %s answers what was asked and what comes later', async (_, death, reason) => {
    const session = await dying(death);
    const died = { name: 'OnnxError', code: 'session_died', message: expect.stringMatching(reason) };
    const runs = await Promise.allSettled([session.run(feed(1, 1)), session.run(feed(2, 2)), session.run(feed(3, 3))]);
    for (const run of runs) expect(run).toMatchObject({ status: 'rejected', reason: died });
    await expect(session.run(feed(4, 4))).rejects.toMatchObject(died);
    await session.release();
    await expect(session.run(feed(5, 5))).rejects.toMatchObject({ code: 'session_closed' });
  });

  it('runs out of memory and says so', async () => {
    const worker = new Worker(
      `const { parentPort } = require('node:worker_threads');
      parentPort.on('message', () => { const all = []; for (;;) all.push(new Array(1e5).fill({})); });
      parentPort.postMessage({ ready: true, inputNames: [], outputNames: [] });`,
      { eval: true, resourceLimits: { maxOldGenerationSizeMb: 16 } },
    );
    const session = await sessionOf(worker);
    await expect(session.run(feed(1, 1))).rejects.toMatchObject({
      code: 'session_died',
      message: expect.stringMatching(/memory/),
    });
  });

  it('before it was ready is an error', async () => {
    await expect(sessionOf(new Worker('process.exit(1)', { eval: true }))).rejects.toMatchObject({
      code: 'session_died',
    });
  });

  it('is no matter of feeds that cannot be sent', async () => {
    const session = await openWorkerSession(bytes);
    const data = Float32Array.of(1, 2);
    const odd = { dtype: 'float32', shape: [2], data: () => data } as unknown as Tensor;
    await expect(session.run({ x: odd })).rejects.toThrow();
    expect((await session.run(feed(1, 1))).y!.data[0]).toBe(3);
    await session.release();
  });
});
