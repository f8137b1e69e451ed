import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  classifierNetwork,
  detectorNetwork,
  embedderNetwork,
  exportNetwork,
  type Network,
  networkLayout,
  segmenterNetwork,
  type Task,
} from '@fovea/models';
import { registerModel } from '@fovea/registry';
import type { Home } from '@fovea/store';

/** Classes of the models that {@link registerTinyModels} makes. */
export const tinyClasses = ['nut', 'bolt', 'washer'] as const;

/** Numbers in a vector of its embedder. */
export const tinyDimensions = 12;

const size = { stem: 8, stride: 4 as const, stages: [8, 8, 8, 8].map((channels) => ({ channels, blocks: 1 })) };
const fixed = { classes: tinyClasses.length, width: 64, height: 64 };

const networks: Readonly<Record<Task, () => Network>> = {
  classification: () => classifierNetwork({ ...fixed, size }),
  detection: () => detectorNetwork({ ...fixed, width: 160, height: 96 }),
  segmentation: () => segmenterNetwork({ ...fixed, size: { backbone: size, decoder: 8 } }),
  embedding: () => embedderNetwork({ ...fixed, dimensions: tinyDimensions, size }),
};

/**
 * Registers a model for every task, named like it, in a new project: real networks, quickly made since nothing taught
 * them. What they see is nonsense, but always the same. For tests.
 *
 * @param folder where their files may lie until they are registered
 */
export async function registerTinyModels(home: Home, project: string, folder: string): Promise<void> {
  const { rows } = await home.pool.query<{ id: string }>(
    'insert into fovea.projects (name) values ($1) on conflict (name) do update set name = $1 returning id',
    [project],
  );
  for (const [task, make] of Object.entries(networks)) {
    const network = make();
    const layout = networkLayout(network);
    const weights = Float32Array.from({ length: layout.size }, (_, index) => Math.sin(index * index) * 0.2);
    const buffers = new Float32Array(layout.bufferSize).fill(1);
    const onnxPath = join(folder, `${task}.onnx`);
    await writeFile(onnxPath, exportNetwork(network, layout, weights, buffers, [...tinyClasses]));
    const { width, height } = network;
    const card = { task, classNames: [...tinyClasses], input: { width, height }, metrics: {} };
    await registerModel(home, { name: task, projectId: Number(rows[0]!.id), onnxPath, card });
  }
}
