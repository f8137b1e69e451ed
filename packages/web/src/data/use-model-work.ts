import type { Job } from '@fovea/api';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef } from 'react';
import { api } from './api.js';
import { isUnderWay, jobsInterval } from './curation-queries.js';
import { readSubject } from './job-progress.js';
import { jobsQuery } from './queries.js';

/** A model's work over a project's pictures. */
export interface ModelWork {
  /** The job under way, if there is one. */
  readonly job: Job | undefined;
  /** Why the last one failed; undefined where it did not. */
  readonly error: string | undefined;
  start(): Promise<void>;
}

/**
 * Whether a model's vectors or predictions are being computed, whoever began it; `onDone` is called when that ends, so
 * that what was waiting for it is asked again.
 */
export function useModelWork(
  kind: 'embed' | 'predict',
  project: string,
  model: string | undefined,
  onDone: () => void,
): ModelWork {
  const client = useQueryClient();
  const isIt = (job: Job) => {
    const subject = readSubject(job);
    return job.name === kind && subject.project === project && subject.model === model;
  };
  const jobs = useQuery({ ...jobsQuery, refetchInterval: jobsInterval(isIt) }).data;
  const latest = jobs?.find(isIt);
  const job = jobs?.find((one) => isIt(one) && isUnderWay(one));
  const done = useRef(onDone);
  done.current = onDone;
  const before = useRef<string>(undefined);
  useEffect(() => {
    if (before.current !== undefined && job === undefined) done.current();
    before.current = job?.id;
  }, [job?.id, job]);
  return {
    job,
    error: job === undefined && latest?.state === 'failed' ? (latest.error ?? '') : undefined,
    start: async () => {
      if (model === undefined) return;
      await (kind === 'embed' ? api.startEmbedding(project, { model }) : api.startPrediction(project, { model }));
      await client.invalidateQueries({ queryKey: ['jobs'] });
    },
  };
}
