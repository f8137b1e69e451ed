import { describe, expect, test } from 'vitest';
import { createClient } from './client.js';
import { type RunEvent, readEvents } from './events.js';

function body(...chunks: string[]): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(new TextEncoder().encode(chunk));
      controller.close();
    },
  });
}

async function collect(events: AsyncIterable<RunEvent>): Promise<RunEvent[]> {
  const all: RunEvent[] = [];
  for await (const event of events) all.push(event);
  return all;
}

const text =
  'event: progress\ndata: {"step":1}\n\n: still here\n\nevent: samples\r\ndata: {"epochs":\r\ndata: [1]}\r\n\r\n';

describe('readEvents', () => {
  test('reads events however the bytes are cut', async () => {
    const expected = [
      { type: 'progress', data: { step: 1 } },
      { type: 'samples', data: { epochs: [1] } },
    ];
    for (let cut = 0; cut <= text.length; cut++) {
      expect(await collect(readEvents(body(text.slice(0, cut), text.slice(cut))))).toEqual(expected);
    }
  });

  test('an event that was cut off is not one', async () => {
    expect(await collect(readEvents(body('event: progress\ndata: {"st')))).toEqual([]);
  });
});

describe('followRun', () => {
  test('takes up a lost connection from the last metric seen, and ends with the run', async () => {
    const asked: string[] = [];
    const api = createClient({
      origin: 'http://fovea.test',
      fetch: async (input) => {
        asked.push(String(input));
        return asked.length === 1
          ? new Response(body('event: metrics\ndata: {"points":[],"last":7}\n\n'))
          : new Response(body('event: state\ndata: {"state":"finished"}\n\n'));
      },
    });
    const events = await collect(api.followRun('r 1'));
    expect(events.map((event) => event.type)).toEqual(['metrics', 'state']);
    expect(asked).toEqual([
      'http://fovea.test/api/v1/runs/r%201/events',
      'http://fovea.test/api/v1/runs/r%201/events?since=7',
    ]);
  });
});

describe('createClient', () => {
  test('a page that is not Fovea is told as such', async () => {
    const api = createClient({
      origin: 'http://fovea.test',
      fetch: async () => new Response('<html>', { status: 502 }),
    });
    await expect(api.listProjects()).rejects.toMatchObject({ code: 'http_502', status: 502 });
    await expect(api.predict('m', new Blob(['x']))).rejects.toMatchObject({ code: 'http_502' });
  });

  test('names in paths and filters are encoded', async () => {
    let asked = '';
    const api = createClient({
      origin: 'http://fovea.test/',
      fetch: async (input) => {
        asked = input instanceof Request ? input.url : String(input);
        return Response.json({ items: [], nextCursor: null, total: 0 });
      },
    });
    await api.listMedia('a/b c', { class: 'x&y', labelled: false, cursor: null });
    expect(asked).toBe('http://fovea.test/api/v1/projects/a%2Fb%20c/media?class=x%26y&labelled=false');
    expect(api.contentUrl('a b', 'ff')).toBe('http://fovea.test/api/v1/projects/a%20b/media/ff/content');
  });
});
