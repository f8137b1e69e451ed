import type { PredictionOf, PredictQuery, Task } from '@fovea/api';
import { predictionSchema } from '@fovea/api/routes';
import { decodeLabelMap } from '@fovea/formats';
import { tinyClasses, tinyDimensions } from '@fovea/serving/testing';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { failureOf, openTestApp, samplePicture } from './app.fixture.js';
import { maxPictureBytes } from './request-body.js';

let t: Awaited<ReturnType<typeof openTestApp>>;
let jpeg: Uint8Array<ArrayBuffer>;
beforeAll(async () => {
  t = await openTestApp();
  await t.api.createProject({ name: 'roads' });
  await t.addModel('roads', 'roads');
  jpeg = (await samplePicture(1)).bytes;
});
afterAll(() => t.close());

type Body = string | Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array> | undefined;

const predict = (body: Body, headers: Record<string, string> = {}, query = '') =>
  t.request(`/models/roads/predict${query}`, { method: 'POST', body, headers, duplex: 'half' } as RequestInit);

describe('POST /models/{name}/predict', () => {
  test('takes the picture as a form, as image/*, as bytes', async () => {
    const answer = await t.api.predict('roads', new Blob([jpeg]), { confidence: 0.1 });
    expect(answer).toMatchObject({
      model: { name: 'roads', version: 1 },
      task: 'detection',
      image: { width: 480, height: 320 },
      predictions: [{ className: 'car', classIndex: 0, box: [1, 2, 30, 40], confidence: 0.9 }],
    });
    for (const type of ['image/jpeg', 'image/png', 'application/octet-stream', 'IMAGE/JPEG; q=1']) {
      expect((await predict(jpeg, { 'content-type': type })).status).toBe(200);
    }
    expect((await predict(jpeg)).status).toBe(200);
  });

  test('takes a version or an alias, not both, and names those there are', async () => {
    const type = { 'content-type': 'image/jpeg' };
    expect((await predict(jpeg, type, '?version=1')).status).toBe(200);
    expect((await predict(jpeg, type, '?alias=champion')).status).toBe(200);
    expect(await failureOf(await predict(jpeg, type, '?version=1&alias=champion'))).toMatchObject({
      code: 'invalid_query',
    });
    expect(await failureOf(await predict(jpeg, type, '?version=9'))).toMatchObject({
      code: 'unknown_version',
      status: 404,
    });
    expect(await failureOf(await predict(jpeg, type, '?confidence=2'))).toMatchObject({
      code: 'invalid_query',
      status: 400,
    });
    expect(await failureOf(await predict(jpeg, type, '?iou=x'))).toMatchObject({ code: 'invalid_query', status: 400 });
    const unknown = await t
      .request('/models/nope/predict', { method: 'POST', body: jpeg, headers: type })
      .then(failureOf);
    expect(unknown).toMatchObject({ code: 'unknown_model', status: 404, message: expect.stringContaining('roads') });
  });

  test.each<[string, () => Body, Record<string, string>, number, string]>([
    ['no body', () => undefined, { 'content-type': 'image/jpeg' }, 400, 'empty_body'],
    ['an empty body', () => new Uint8Array(0), { 'content-type': 'image/jpeg' }, 400, 'empty_body'],
    ['text as an image', () => 'hello', { 'content-type': 'image/jpeg' }, 422, 'unreadable_image'],
    ['a form by name only', () => 'hello', { 'content-type': 'multipart/form-data' }, 400, 'invalid_form'],
    ['a broken form', () => 'hello', { 'content-type': 'multipart/form-data; boundary=x' }, 400, 'invalid_form'],
    ['JSON', () => '{}', { 'content-type': 'application/json' }, 415, 'unsupported_media_type'],
    [
      "curl's default",
      () => 'a=b',
      { 'content-type': 'application/x-www-form-urlencoded' },
      415,
      'unsupported_media_type',
    ],
    [
      'an SVG',
      () => '<svg xmlns="http://www.w3.org/2000/svg"/>',
      { 'content-type': 'image/svg+xml' },
      422,
      'unreadable_image',
    ],
    ['half a picture', () => jpeg.slice(0, jpeg.length / 2), { 'content-type': 'image/jpeg' }, 422, 'unreadable_image'],
    ['huge dimensions', () => hugePng(), { 'content-type': 'image/png' }, 422, 'unreadable_image'],
  ])('refuses %s', async (_, body, headers, status, code) => {
    expect(await failureOf(await predict(body(), headers))).toMatchObject({ status, code });
  });

  test('stops reading a body that is too large, whatever length it claims', async () => {
    const declared = await predict('x', {
      'content-type': 'image/jpeg',
      'content-length': String(maxPictureBytes + 1),
    });
    expect(await failureOf(declared)).toMatchObject({ code: 'too_large', status: 413 });
    let sent = 0;
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        sent += 2 ** 20;
        controller.enqueue(new Uint8Array(2 ** 20));
      },
    });
    const streamed = await predict(endless, { 'content-type': 'image/jpeg' });
    expect(await failureOf(streamed)).toMatchObject({ code: 'too_large', status: 413 });
    expect(sent).toBeLessThan(maxPictureBytes + 8 * 2 ** 20);
  });

  test('answers any bytes of any type with a status and a code, never 500', async () => {
    const types = [
      'image/jpeg',
      'image/png',
      'multipart/form-data; boundary=b',
      'application/octet-stream',
      'text/plain',
      '',
    ];
    const damaged = fc
      .array(fc.tuple(fc.nat(jpeg.length - 1), fc.nat(255)), { minLength: 1, maxLength: 40 })
      .map((changes) => {
        const bytes = jpeg.slice();
        for (const [at, value] of changes) bytes[at] = value;
        return bytes;
      });
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 2000 }),
      damaged,
      fc.nat(jpeg.length).map((length) => jpeg.slice(0, length)),
    );
    await fc.assert(
      fc.asyncProperty(bytes, fc.constantFrom(...types), async (body, type) => {
        const response = await predict(new Uint8Array(body), type ? { 'content-type': type } : {});
        if (response.status === 200) return;
        expect([400, 415, 422]).toContain(response.status);
        await failureOf(response);
      }),
      { numRuns: 60 },
    );
  });
});

describe('a model of each task', () => {
  let tasks: Awaited<ReturnType<typeof openTestApp>>;
  beforeAll(async () => {
    tasks = await openTestApp({ models: 'tiny' });
  });
  afterAll(() => tasks.close());

  async function ask<T extends Task>(task: T, query?: PredictQuery) {
    const answer = await tasks.api.predict(task, new Blob([jpeg]), query);
    // What is said is what the API's description says.
    expect(predictionSchema.parse(answer)).toEqual(answer);
    expect(answer).toMatchObject({ task, model: { name: task, version: 1 }, image: { width: 480, height: 320 } });
    return answer as PredictionOf<T>;
  }

  test('a detector answers boxes', async () => {
    const { predictions } = await ask('detection', { confidence: 0.01, iou: 0.9, maxDetections: 3 });
    expect(predictions).toHaveLength(3);
  });

  test('a classifier answers the likeliest classes, as many as asked for', async () => {
    const { classes } = await ask('classification');
    expect(classes.map(({ className }) => className).sort()).toEqual([...tinyClasses].sort());
    expect(classes.reduce((sum, { confidence }) => sum + confidence, 0)).toBeCloseTo(1, 5);
    expect(classes).toEqual(classes.toSorted((a, b) => b.confidence - a.confidence));
    expect((await ask('classification', { topK: 1 })).classes).toEqual(classes.slice(0, 1));
  });

  test('a segmenter answers a label map of the size of the picture, and the share of each class', async () => {
    const { segmentation } = await ask('segmentation');
    const map = await decodeLabelMap(Buffer.from(segmentation.labelMap, 'base64'));
    expect(map).toMatchObject({ width: 480, height: 320 });
    const shares = tinyClasses.map((_, index) => map.data.filter((value) => value === index).length / (480 * 320));
    expect(shares.reduce((sum, share) => sum + share)).toBeCloseTo(1, 12);
    expect(segmentation.classes).toEqual(
      tinyClasses.map((className, classIndex) => ({ className, classIndex, share: shares[classIndex] })),
    );
  });

  test('an embedder answers a vector of length 1, to the last bit', async () => {
    const { embedding, dimensions } = await ask('embedding');
    expect([dimensions, embedding.length]).toEqual([tinyDimensions, tinyDimensions]);
    expect(Math.hypot(...embedding)).toBeCloseTo(1, 5);
    // As many digits as a float32 needs: what comes back from it is the same number.
    for (const value of embedding) expect(Number(Math.fround(value).toPrecision(9))).toBe(value);
  });

  test.each<[Task, string, RegExp]>([
    ['classification', 'confidence=0.5', /"confidence" is for detection.*takes topK/],
    ['segmentation', 'iou=0.5', /"iou" is for detection.*takes none such/],
    ['embedding', 'topK=3', /"topK" is for classification/],
    ['detection', 'topK=3', /"topK" is for classification.*takes confidence, iou, maxDetections/],
    ['classification', 'topK=0', /topK/],
  ])('a model for %s refuses %s', async (task, query, message) => {
    const headers = { 'content-type': 'image/jpeg' };
    const response = await tasks.request(`/models/${task}/predict?${query}`, { method: 'POST', body: jpeg, headers });
    expect(await failureOf(response)).toMatchObject({
      status: 400,
      code: 'invalid_query',
      message: expect.stringMatching(message),
    });
  });

  test('no picture is told alike by all', async () => {
    for (const task of ['classification', 'segmentation', 'embedding']) {
      const response = await tasks.request(`/models/${task}/predict`, { method: 'POST', body: 'no picture' });
      expect(await failureOf(response)).toMatchObject({ status: 415, code: 'unsupported_media_type' });
      const headers = { 'content-type': 'image/png' };
      const broken = await tasks.request(`/models/${task}/predict`, { method: 'POST', body: 'no picture', headers });
      expect(await failureOf(broken)).toMatchObject({ status: 422, code: 'unreadable_image' });
    }
  });
});

/** A PNG whose header claims 60,000 x 60,000 pixels and that has none. */
function hugePng(): Uint8Array<ArrayBuffer> {
  const bytes = Buffer.from(
    'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
    'base64',
  );
  bytes.writeUInt32BE(60_000, 16);
  bytes.writeUInt32BE(60_000, 20);
  return new Uint8Array(bytes);
}
