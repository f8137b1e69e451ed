import { classColor } from '@fovea/annotations';
import { ApiError } from '@fovea/api';
import * as routes from '@fovea/api/routes';
import { decodeLabelMap, encodeLabelMap } from '@fovea/formats';
import { decodeImage } from '@fovea/image';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { failureOf, openTestApp, origin, samplePicture } from './app.fixture.js';

let t: Awaited<ReturnType<typeof openTestApp>>;
beforeAll(async () => {
  t = await openTestApp();
  await t.api.createProject({ name: 'roads', description: 'cars on roads' });
});
afterAll(() => t.close());

describe('the API document', () => {
  test('lists every route of @fovea/api, and nothing else', async () => {
    const document = (await (await t.request('/openapi.json')).json()) as {
      openapi: string;
      paths: Record<string, Record<string, { operationId: string }>>;
    };
    expect(document.openapi).toBe('3.1.0');
    const documented = Object.values(document.paths).flatMap((path) =>
      Object.values(path).map((one) => one.operationId),
    );
    const defined = Object.values(routes).flatMap((value) =>
      typeof value === 'object' && 'operationId' in value ? [value.operationId] : [],
    );
    expect(documented.sort()).toEqual(defined.sort());
    expect(Object.keys(document.paths)).toContain('/models/{name}/predict');
  });

  test('health says which home is served', async () => {
    expect(await t.api.getHealth()).toMatchObject({ status: 'ok', home: t.home.path });
  });
});

describe('projects', () => {
  test('are created once, listed and shown', async () => {
    expect(await t.api.getProject('roads')).toMatchObject({ description: 'cars on roads', counts: { media: 0 } });
    expect((await t.api.listProjects()).map((project) => project.name)).toEqual(['roads']);
    await expect(t.api.createProject({ name: 'roads' })).rejects.toMatchObject({ code: 'project_exists', status: 409 });
  });

  test('names are held to the rule, unknown ones name the known', async () => {
    await expect(t.api.createProject({ name: '../x' })).rejects.toMatchObject({ code: 'bad_name', status: 400 });
    await expect(t.api.getProject('nope')).rejects.toMatchObject({
      code: 'unknown_project',
      status: 404,
      message: expect.stringContaining('roads'),
    });
  });

  test.each([
    ['not json', '{', 'invalid_request', 400],
    ['no name', '{}', 'invalid_body', 400],
    ['an unknown field', '{"name":"a","colour":"red"}', 'invalid_body', 400],
    ['null', 'null', 'invalid_body', 400],
  ])('a body that is %s', async (_, body, code, status) => {
    const response = await t.request('/projects', {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json' },
    });
    expect(await failureOf(response)).toMatchObject({ code, status });
  });

  test('a body that is no JSON by its type, and one that is too large', async () => {
    const text = await t.request('/projects', {
      method: 'POST',
      body: 'name=a',
      headers: { 'content-type': 'text/plain' },
    });
    expect(await failureOf(text)).toMatchObject({ code: 'unsupported_media_type', status: 415 });
    const large = await t.request('/projects', {
      method: 'POST',
      body: JSON.stringify({ name: 'a', description: 'x'.repeat(2_000_000) }),
      headers: { 'content-type': 'application/json' },
    });
    expect(await failureOf(large)).toMatchObject({ code: 'too_large', status: 413 });
  });
});

describe('media', () => {
  test('a picture comes in with its boxes, and comes out as it was', async () => {
    const picture = await samplePicture(1);
    const first = await t.api.uploadMedia('roads', {
      file: picture.blob,
      name: 'a/one.jpg',
      annotations: picture.annotations,
    });
    expect(first).toMatchObject({ status: 'imported', problems: [] });
    const again = await t.api.uploadMedia('roads', {
      file: picture.blob,
      name: 'a/one.jpg',
      annotations: picture.annotations,
    });
    expect(again).toEqual({ ...first, status: 'duplicate' });

    const page = await t.api.listMedia('roads', { limit: 10 });
    expect(page).toMatchObject({ total: 1, nextCursor: null });
    expect(page.items[0]).toMatchObject({ name: 'a/one.jpg', width: 480, height: 320, format: 'jpeg', labelled: true });
    expect(page.items[0]!.annotations).toHaveLength(picture.annotations.length);
    expect(await t.api.getMedia('roads', first.sha256)).toEqual(page.items[0]);

    const content = await t.get(new URL(t.api.contentUrl('roads', first.sha256)).pathname);
    expect(content.headers.get('content-type')).toBe('image/jpeg');
    expect(content.headers.get('cache-control')).toContain('immutable');
    expect(content.headers.get('content-security-policy')).toContain('sandbox');
    expect(new Uint8Array(await content.arrayBuffer())).toEqual(picture.bytes);
    const cached = await t.get(new URL(t.api.contentUrl('roads', first.sha256)).pathname, {
      headers: { 'if-none-match': content.headers.get('etag')! },
    });
    expect(cached.status).toBe(304);

    const thumbnail = await t.get(new URL(t.api.thumbnailUrl('roads', first.sha256)).pathname);
    expect(thumbnail.headers.get('content-type')).toBe('image/jpeg');
    expect([...new Uint8Array(await thumbnail.arrayBuffer()).subarray(0, 3)]).toEqual([0xff, 0xd8, 0xff]);
  });

  test('filters, pages, and refuses what is no filter', async () => {
    const picture = await samplePicture(2);
    await t.api.uploadMedia('roads', { file: picture.blob, name: 'plain.jpg' });
    expect((await t.api.listMedia('roads', { labelled: false })).items.map((item) => item.name)).toEqual(['plain.jpg']);
    expect((await t.api.listMedia('roads', { search: 'ONE' })).total).toBe(1);
    const first = await t.api.listMedia('roads', { limit: 1 });
    const second = await t.api.listMedia('roads', { limit: 1, cursor: first.nextCursor });
    expect([first.items[0]!.name, second.items[0]!.name, second.nextCursor]).toEqual(['a/one.jpg', 'plain.jpg', null]);
    const refused = (query: string) => t.request(`/projects/roads/media?${query}`).then(failureOf);
    expect(await refused('limit=0')).toMatchObject({ code: 'invalid_query', status: 400 });
    expect(await refused('limit=x')).toMatchObject({ code: 'invalid_query', status: 400 });
    expect(await refused('labelled=maybe')).toMatchObject({ code: 'invalid_query', status: 400 });
    expect(await refused('cursor=%27')).toMatchObject({ code: 'bad_cursor', status: 400 });
    expect(await refused('class=dragon')).toMatchObject({ code: 'unknown_class', status: 404 });
    expect(await t.request('/projects/roads/media/zz').then(failureOf)).toMatchObject({
      code: 'invalid_path',
      status: 400,
    });
    const absent = await t.request(`/projects/roads/media/${'0'.repeat(64)}`).then(failureOf);
    expect(absent).toMatchObject({ code: 'unknown_media', status: 404 });
  });

  test('an upload that is wrong says what would be right, and leaves nothing behind', async () => {
    const { blob } = await samplePicture(3);
    const before = (await t.api.getProject('roads')).counts;
    const upload = async (fill: (form: FormData) => void) => {
      const form = new FormData();
      fill(form);
      return failureOf(await t.request('/projects/roads/media', { method: 'POST', body: form }));
    };
    expect(await upload((form) => form.set('image', blob))).toMatchObject({ code: 'invalid_form', status: 400 });
    expect(await upload((form) => form.set('file', 'text'))).toMatchObject({ code: 'invalid_form', status: 400 });
    expect(await upload((form) => form.set('file', new Blob([])))).toMatchObject({ code: 'invalid_form', status: 400 });
    expect(await upload((form) => form.set('file', new Blob(['no picture'])))).toMatchObject({
      code: 'unreadable_image',
      status: 422,
    });
    for (const annotations of ['{', '{}', '[{"className":"car"}]', '[{"className":"car","box":[1,2,3]}]', '[1]']) {
      const failed = await upload((form) => {
        form.set('file', blob);
        form.set('annotations', annotations);
      });
      expect(failed).toMatchObject({ code: 'invalid_form', status: 400 });
    }
    const raw = await t.request('/projects/roads/media', { method: 'POST', body: blob });
    expect(await failureOf(raw)).toMatchObject({ code: 'unsupported_media_type', status: 415 });
    expect((await t.api.getProject('roads')).counts).toEqual(before);
  });

  test('a box beyond the edge is cut and reported', async () => {
    const { blob } = await samplePicture(4);
    const answer = await t.api.uploadMedia('roads', {
      file: blob,
      name: 'edge.jpg',
      annotations: [{ className: 'car', box: [400, 100, 900, 200] }],
    });
    expect(answer.problems).toMatchObject([{ file: 'edge.jpg', code: 'box_clipped' }]);
  });

  test('classes of pictures and label maps come in, are shown and filtered by', async () => {
    await t.api.createProject({ name: 'kinds' });
    const [one, two] = [await samplePicture(5), await samplePicture(6)];
    const first = await t.api.uploadMedia('kinds', { file: one.blob, name: 'one.jpg', classes: ['day', 'dry'] });
    const item = await t.api.getMedia('kinds', first.sha256);
    expect(item).toMatchObject({
      labelled: true,
      boxed: false,
      classes: [
        { className: 'day', classIndex: 0 },
        { className: 'dry', classIndex: 1 },
      ],
      labelMap: null,
    });
    const missing = await t.request(`/projects/kinds/media/${first.sha256}/label-map`).then(failureOf);
    expect(missing).toMatchObject({ code: 'unknown_label_map', status: 404 });

    const { width, height } = item;
    const data = new Uint8Array(width * height).fill(255);
    data.fill(0, 0, 500);
    data.fill(1, 500, 800);
    data.fill(7, 800, 900);
    const map = new Blob([new Uint8Array(await encodeLabelMap({ data, width, height }))]);
    const labelMap = { file: map, classNames: ['road', 'dry'] };
    const second = await t.api.uploadMedia('kinds', { file: two.blob, name: 'two.jpg', labelMap });
    expect(second.problems).toMatchObject([{ file: 'two.jpg', code: 'unknown_class' }]);
    const mapped = await t.api.getMedia('kinds', second.sha256);
    expect(mapped.labelMap!.classes).toEqual([
      { className: 'road', classIndex: 2, pixels: 500 },
      { className: 'dry', classIndex: 1, pixels: 300 },
    ]);
    expect((await t.api.listMedia('kinds', { class: 'dry' })).items.map(({ name }) => name)).toEqual([
      'one.jpg',
      'two.jpg',
    ]);
    expect(await t.api.getProject('kinds')).toMatchObject({
      counts: { media: 2, annotations: 0, classified: 1, labelMaps: 1 },
      classes: [
        { name: 'day', count: 0, pictures: 1, labelMaps: 0 },
        { name: 'dry', count: 0, pictures: 1, labelMaps: 1 },
        { name: 'road', count: 0, pictures: 0, labelMaps: 1 },
      ],
    });

    const path = new URL(t.api.labelMapUrl('kinds', second.sha256, mapped.labelMap!.sha256)).pathname;
    const answer = await t.get(path);
    expect(answer.headers.get('content-type')).toBe('image/png');
    expect(answer.headers.get('cache-control')).toBe('private, no-cache');
    const png = new Uint8Array(await answer.arrayBuffer());
    const stored = await decodeLabelMap(png);
    expect([stored.data[0], stored.data[500], stored.data[800], stored.data[900]]).toEqual([2, 1, 255, 255]);
    const { data: pixels } = await decodeImage(png);
    expect(Buffer.from(pixels.slice(0, 3)).toString('hex')).toBe(classColor(2).slice(1));
    const cached = await t.get(path, { headers: { 'if-none-match': answer.headers.get('etag')! } });
    expect(cached.status).toBe(304);
  });

  test('labels that are no labels are refused, and a label map that does not fit is told', async () => {
    const { blob } = await samplePicture(7);
    const upload = async (fields: Record<string, string | Blob>) => {
      const form = new FormData();
      form.set('file', blob);
      for (const [name, value] of Object.entries(fields)) form.set(name, value);
      return t.request('/projects/kinds/media', { method: 'POST', body: form });
    };
    const small = await encodeLabelMap({ data: new Uint8Array(4), width: 2, height: 2 });
    const map = new Blob([new Uint8Array(small)]);
    const wrong: Record<string, string | Blob>[] = [
      { classes: 'ant' },
      { classes: '["ant", ""]' },
      { classes: '[1]' },
      { labelMap: map },
      { labelMap: map, labelMapClasses: '{}' },
      { labelMap: 'text', labelMapClasses: '["road"]' },
    ];
    for (const fields of wrong) {
      expect(await upload(fields).then(failureOf)).toMatchObject({
        code: 'invalid_form',
        status: 400,
      });
    }
    expect((await t.api.getProject('kinds')).counts.media).toBe(2);
    const answer = await upload({ labelMap: map, labelMapClasses: '["road"]' });
    expect(answer.status).toBe(201);
    expect(await answer.json()).toMatchObject({ problems: [{ code: 'label_map_size' }] });
  });

  test('snapshots freeze what is labelled', async () => {
    const snapshot = await t.api.createSnapshot('roads', { valFraction: 0.5 });
    expect(snapshot.counts).toMatchObject({ media: 2, train: 1, val: 1 });
    expect((await t.api.listSnapshots('roads')).map((each) => each.id)).toEqual([snapshot.id]);
    await expect(t.api.createSnapshot('nope')).rejects.toMatchObject({ code: 'unknown_project' });
  });
});

describe('models', () => {
  test('of the catalogue are listed, each with whether its file is at hand', async () => {
    const models = await t.api.listPretrained();
    expect(models.map(({ task }) => task)).toEqual(
      expect.arrayContaining(['classification', 'detection', 'segmentation', 'embedding']),
    );
    expect(models.find(({ name }) => name === 'yolox_nano')).toMatchObject({
      task: 'detection',
      licence: 'Apache-2.0',
      available: expect.any(Boolean),
    });
  });

  test('are listed, shown, aliased and downloaded', async () => {
    await t.addModel('roads', 'roads');
    expect((await t.api.listModels()).map((model) => model.name)).toEqual(['roads']);
    expect(await t.api.getModel('roads')).toMatchObject({
      project: 'roads',
      aliases: { champion: 1, candidate: 1 },
      versions: [{ version: 1, card: { classNames: ['car'], metrics: { AP50: 0.9 } } }],
    });
    expect((await t.api.setModelAlias('roads', 'live', 1)).aliases.live).toBe(1);
    await expect(t.api.setModelAlias('roads', 'live', 7)).rejects.toMatchObject({
      code: 'unknown_version',
      status: 404,
    });
    await expect(t.api.getModel('nope')).rejects.toMatchObject({ code: 'unknown_model', status: 404 });
    const file = await t.get(new URL(t.api.modelFileUrl('roads', 1)).pathname);
    expect(file.headers.get('content-disposition')).toContain('roads-1.onnx');
    expect(await file.text()).toBe('weights of roads');
  });
});

describe('errors and hosts', () => {
  test('an unknown route and a wrong method', async () => {
    expect(await t.request('/nothing').then(failureOf)).toMatchObject({ code: 'unknown_route', status: 404 });
    const wrong = await t.request('/projects', { method: 'DELETE' });
    expect(await failureOf(wrong)).toMatchObject({ code: 'method_not_allowed', status: 405 });
  });

  test("names that are not this server's are refused, addresses and localhost are not", async () => {
    for (const host of [
      '127.0.0.1:8420',
      'localhost:8420',
      '[::1]:8420',
      '192.168.1.5',
      'a.localhost',
      'Fovea.Example',
    ]) {
      expect((await t.request('/health', { headers: { host } })).status).toBe(200);
    }
    for (const host of ['evil.example', 'localhost.evil.example', '127.0.0.1.evil.example', '']) {
      const response = await t.request('/health', { headers: { host } });
      expect(await failureOf(response)).toMatchObject({ code: 'forbidden_host', status: 403 });
    }
  });

  test("other sites' pages cannot change anything", async () => {
    const post = (headers: Record<string, string>) =>
      t.request('/projects', {
        method: 'POST',
        body: '{"name":"roads"}',
        headers: { 'content-type': 'application/json', host: '127.0.0.1:8420', ...headers },
      });
    for (const headers of [
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { origin: 'http://127.0.0.1:3000' },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
    ] as Record<string, string>[]) {
      expect(await failureOf(await post(headers))).toMatchObject({ code: 'forbidden_origin', status: 403 });
    }
    expect((await post({ origin, 'sec-fetch-site': 'same-origin' })).status).toBe(409);
    expect((await post({})).status).toBe(409);
  });

  test('the client says when nobody answers', async () => {
    const { createClient } = await import('@fovea/api');
    const error = await createClient({ origin: 'http://127.0.0.1:1' })
      .listProjects()
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({ code: 'unreachable', status: 0 });
  });
});

describe('the web app', () => {
  test('pages are the app, with a policy that knows its inline script', async () => {
    for (const path of ['/', '/projects/roads', '/models/v1.2', '/index.html']) {
      const page = await t.get(path);
      expect(page.status).toBe(200);
      expect(page.headers.get('content-type')).toContain('text/html');
      expect(page.headers.get('cache-control')).toBe('no-cache');
      expect(page.headers.get('content-security-policy')).toMatch(/script-src 'self' 'sha256-[\w+/=]+'; /);
      expect(page.headers.get('x-frame-options')).toBe('DENY');
      expect(page.headers.get('x-content-type-options')).toBe('nosniff');
      // Loaded again it is the same page, under the policy it came with: another one here would replace that.
      const again = await t.get(path, { headers: { 'if-none-match': page.headers.get('etag')! } });
      expect(again.status).toBe(304);
      expect(again.headers.get('content-security-policy')).toBeNull();
    }
  });

  test('hashed files are kept for good, others are asked for again', async () => {
    const asset = await t.get('/assets/app-1234.js');
    expect(asset.headers.get('cache-control')).toContain('immutable');
    expect(asset.headers.get('content-type')).toContain('text/javascript');
    const icon = await t.get('/favicon.svg');
    expect(icon.headers.get('cache-control')).toBe('no-cache');
    const again = await t.get('/favicon.svg', { headers: { 'if-none-match': icon.headers.get('etag')! } });
    expect(again.status).toBe(304);
  });

  test('nothing outside of its folder is served', async () => {
    for (const path of [
      '/assets/missing.js',
      '/%2e%2e/secret.txt',
      '/..%2fsecret.txt',
      '/%2e%2e%5csecret.txt',
      '/%00.js',
    ]) {
      const response = await t.get(path);
      expect(await failureOf(response)).toMatchObject({ status: 404 });
    }
    expect(await failureOf(await t.get('/', { method: 'POST' }))).toMatchObject({ code: 'method_not_allowed' });
  });
});
