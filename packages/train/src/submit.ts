import { isDeepStrictEqual } from 'node:util';
import { createSnapshot, getProject } from '@fovea/lake';
import { createRun, listAbandonedRuns, listRuns, type Run } from '@fovea/registry';
import type { Home } from '@fovea/store';
import { checkPictures } from './check-data.js';
import { checkRequest, defaultTimeLimitSeconds, type TrainRequest } from './request.js';
import { dataOf } from './snapshot-data.js';
import { findSources } from './source.js';

/** A request with what it leaves open filled in, as the run keeps it. */
function resolved(request: TrainRequest): Record<string, unknown> {
  const { project, epochs, timeLimitSeconds } = request;
  const limit = epochs === undefined ? (timeLimitSeconds ?? defaultTimeLimitSeconds) : timeLimitSeconds;
  const entries = Object.entries({
    ...request,
    project: undefined,
    name: request.name ?? project,
    seed: request.seed ?? 0,
    timeLimitSeconds: limit,
  });
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
}

/**
 * Queues a training run on a snapshot of the project as it is now. A stopped (or abandoned) run with the same request
 * on the same snapshot is given back instead, to be resumed.
 *
 * @throws TrainError `invalid_training_request`, `unknown_source`, and where the data cannot be trained on, see
 *   `checkData`; FoveaError `unknown_project`, `nothing_labelled`.
 */
export async function submitRun(home: Home, request: TrainRequest): Promise<Run> {
  checkRequest(request);
  const project = await getProject(home, request.project);
  const snapshot = await createSnapshot(home, request.project);
  // Gone through to its end: what is wrong with the data is thrown then.
  for await (const _ of checkPictures(request, dataOf(home, snapshot)));
  await findSources(request, home);
  const params = resolved(request);
  const abandoned = new Set((await listAbandonedRuns(home)).map((run) => run.id));
  const unfinished = (await listRuns(home, request.project)).find(
    (run) =>
      (run.state === 'stopped' || abandoned.has(run.id)) &&
      run.snapshot?.id === snapshot.id &&
      isDeepStrictEqual(run.params, params),
  );
  return (
    unfinished ??
    createRun(home, {
      projectId: project.id,
      snapshotId: snapshot.id,
      name: String(params.name),
      task: request.task,
      params,
    })
  );
}
