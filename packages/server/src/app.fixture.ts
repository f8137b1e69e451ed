import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from '@fovea/api';
import { decodeImage, renderSamplePicture } from '@fovea/image';
import { getProject, openVectorIndexes } from '@fovea/lake';
import { createRun, getRun, registerModel, requestStop, resolveModel, setRunState } from '@fovea/registry';
import { createServing, type Serving } from '@fovea/serving';
import { registerTinyModels } from '@fovea/serving/testing';
import { type Home, openHome } from '@fovea/store';
import { createApp } from './app.js';
import { startLakeWorker } from './lake-worker.js';

/** An address in front of the app; nothing listens there, requests go straight into it. */
export const origin = 'http://127.0.0.1:8420';

/** A serving that answers one box whatever it sees, where HTTP is what is tested. */
function serveOneBox(home: Home): Serving {
  return {
    predict: async (reference, image) => {
      const model = await resolveModel(home, reference);
      const { width, height } = await decodeImage(image, { maxPixels: 50_000_000 });
      const detections = [{ className: 'car', classIndex: 0, box: [1, 2, 30, 40] as const, confidence: 0.9 }];
      const timings = { decodeMs: 1, queueMs: 0, preprocessMs: 1, inferenceMs: 1, postprocessMs: 1 };
      return { model, task: 'detection', width, height, detections, timings };
    },
    warm: [],
    close: async () => undefined,
  };
}

/**
 * The app over a real home in a folder of its own. The worker is left out (runs stay queued). Its models answer one box
 * unless `models` is `tiny`: then there is a real one for every task, in the project `tasks`.
 */
export async function openTestApp({ models }: { models?: 'tiny' } = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'fovea-app-'));
  const home = await openHome(join(folder, 'home'));
  const webFolder = join(folder, 'web');
  await mkdir(join(webFolder, 'assets'), { recursive: true });
  await writeFile(
    join(webFolder, 'index.html'),
    '<!doctype html><script>let theme = 1;</script><script src="/a.js"></script>',
  );
  await writeFile(join(webFolder, 'assets', 'app-1234.js'), 'export {};');
  await writeFile(join(webFolder, 'favicon.svg'), '<svg xmlns="http://www.w3.org/2000/svg"/>');
  await writeFile(join(folder, 'secret.txt'), 'not for the web');

  if (models === 'tiny') await registerTinyModels(home, 'tasks', folder);
  const serving = models === 'tiny' ? createServing(home) : serveOneBox(home);
  const ingestRoot = join(folder, 'inbox');
  await mkdir(ingestRoot);
  const lake = await startLakeWorker(home, { ingestRoots: [ingestRoot] });
  const vectors = openVectorIndexes(home);
  const closing = new AbortController();
  const app = createApp(
    {
      home,
      serving,
      submitRun: async (project, { task, ...params }) => {
        const { id } = await getProject(home, project);
        return createRun(home, { projectId: id, name: project, task, params });
      },
      resumeRun: (id) => setRunState(home, id, 'queued'),
      stopRun: async (id) => void (await requestStop(home, id)),
      listJobs: () => lake.listJobs(),
      lake,
      vectors,
      closing: closing.signal,
    },
    { webFolder, allowedHosts: ['fovea.example'] },
  );
  const send: typeof fetch = async (input, init) => app.fetch(new Request(input, init));
  return {
    app,
    home,
    ingestRoot,
    api: createClient({ origin, fetch: send }),
    /** A request to a path below the API, answered as it is. */
    request: (path: string, init?: RequestInit) => send(`${origin}/api/v1${path}`, init),
    /** A request to any path. */
    get: (path: string, init?: RequestInit) => send(`${origin}${path}`, init),
    /** A model version whose file is only some bytes. */
    addModel: async (name: string, project: string) => {
      const onnxPath = join(folder, `${name}.onnx`);
      await writeFile(onnxPath, `weights of ${name}`);
      const { id } = await getProject(home, project);
      return registerModel(home, {
        name,
        projectId: id,
        onnxPath,
        card: {
          task: 'detection',
          classNames: ['car'],
          input: { width: 320, height: 224 },
          metrics: { AP: 0.5, AP50: 0.9 },
        },
      });
    },
    getRun: (id: string) => getRun(home, id),
    close: async () => {
      closing.abort();
      await lake.close();
      await vectors.close();
      await serving.close();
      await home.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A small JPEG with its boxes, the same for the same seed. */
export async function samplePicture(seed: number) {
  const { bytes, annotations } = await renderSamplePicture(seed);
  return {
    blob: new Blob([new Uint8Array(bytes)], { type: 'image/jpeg' }),
    bytes: new Uint8Array(bytes),
    annotations: annotations.map(({ className, box }) => ({
      className,
      box: [...box] as [number, number, number, number],
    })),
  };
}

/** The code and status an answer carries, for comparing; the sentence is checked to be one. */
export async function failureOf(response: Response): Promise<{ status: number; code: string; message: string }> {
  const body = (await response.json()) as { error: { code: string; message: string } };
  if (!/^[A-Z"`/].*[.?]$/s.test(body.error.message) && !/\.$/.test(body.error.message)) {
    throw new Error(`not a sentence: ${body.error.message}`);
  }
  return { status: response.status, code: body.error.code, message: body.error.message };
}
