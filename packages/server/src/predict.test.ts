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
