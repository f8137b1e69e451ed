import { FoveaError } from '@fovea/annotations';
import type { Run as ApiRun, Client, NewRun, RunProgress } from '@fovea/api';
import { getProject } from '@fovea/lake';
import { getRun } from '@fovea/registry';
import type { Home } from '@fovea/store';
import { executeRun, submitRun, type TrainRequest } from '@fovea/train';
import { done, type Outcome, stopped } from '../outcome.js';
import { type CommonOptions, remoteOf, type Session, withHome } from '../session.js';
import { sayDuration } from '../terminal.js';
import { requestOf, type TrainChoices } from '../train-options.js';

/** Options of `fovea train`. */
export interface TrainOptions extends CommonOptions, TrainChoices {
  readonly project: string;
}

interface Result {
  readonly run: string;
  readonly state: string;
  readonly model: { name: string; version: number } | null;
  readonly metrics: Record<string, number | null>;
  readonly error?: string | null;
}

/** `fovea train`: trains on a project and registers the model; Ctrl-C leaves a checkpoint that the same command resumes. */
export async function trainCommand(options: TrainOptions, session: Session): Promise<Outcome> {
  const request = requestOf(options);
  const startedAt = Date.now();
  const client = remoteOf(options);
  const result = client
    ? await trainRemotely(client, options.project, request, session)
    : await withHome(options, session, async (home) => {
        await getProject(home, options.project);
        const submitted = await submitRun(home, { ...request, project: options.project } as TrainRequest);
        const elsewhere = watchForStop(home, submitted.id);
        const { run, model } = await executeRun(home, submitted.id, {
          signal: AbortSignal.any([session.signal, elsewhere.signal]),
          onProgress: (progress) => show(progress, session),
          log: (text) => session.terminal.say(text),
        }).finally(elsewhere.end);
        const final = await getRun(home, run.id);
        return {
          run: final.id,
          state: final.state,
          model: model ? { name: model.name, version: model.version } : final.model,
          metrics: {
            ...Object.fromEntries(Object.entries(final.metrics).map(([name, latest]) => [name, latest.value])),
            ...figuresOf(model?.card.metrics),
          },
          error: final.error,
        };
      });
  session.terminal.endProgress();
  const seconds = (Date.now() - startedAt) / 1000;
  const json = { project: options.project, ...result, seconds: Math.round(seconds * 10) / 10 };
  if (result.state === 'failed') {
    throw new FoveaError('run_failed', result.error ?? `Run ${result.run} failed; its log says why.`, {
      run: result.run,
    });
  }
  if (result.state !== 'finished') {
    return stopped(json, [`Stopped run ${result.run}: the same command takes it up where it was.`]);
  }
  const figures = Object.entries(result.metrics)
    .filter(([name]) => name.startsWith('val/'))
    .map(([name, value]) => `${name.slice('val/'.length)} ${sayFigure(value)}`)
    .join(', ');
  return done(json, [
    `Trained ${result.model?.name} version ${result.model?.version} in ${sayDuration(seconds)} (run ${result.run}).`,
    `On the held-out pictures: ${figures}`,
  ]);
}

/** What the model that was kept reached, as a run names it: the last evaluation may have been another's. */
function figuresOf(metrics: Readonly<Record<string, unknown>> = {}): Record<string, number | null> {
  const figures = Object.entries(metrics).filter(([, value]) => typeof value === 'number' || value === null);
  return Object.fromEntries(figures.map(([name, value]) => [`val/${name}`, value as number | null]));
}

/** A figure between 0 and 1 with four digits, or a dash where there is none. */
export function sayFigure(value: number | null | undefined): string {
  return typeof value === 'number' && Number.isFinite(value) ? value.toFixed(4) : '–';
}

/** Aborts when somebody else, in the web app of a server on the same home for example, asks the run to stop. */
function watchForStop(home: Home, runId: string): { signal: AbortSignal; end(): void } {
  const stop = new AbortController();
  const timer = setInterval(() => {
    // A look that fails is taken again; what is really wrong with the database the run itself finds out.
    getRun(home, runId).then(
      (run) => run.state === 'stopping' && stop.abort(),
      () => undefined,
    );
  }, 2000);
  return { signal: stop.signal, end: () => clearInterval(timer) };
}

async function trainRemotely(client: Client, project: string, request: NewRun, session: Session): Promise<Result> {
  let run: ApiRun = await client.createRun(project, request);
  session.terminal.say(`Run ${run.id} on ${client.origin}`);
  const stop = () => void client.stopRun(run.id).catch(() => undefined);
  if (session.signal.aborted) stop();
  session.signal.addEventListener('abort', stop, { once: true });
  for await (const event of client.followRun(run.id)) {
    if (event.type === 'state') run = event.data;
    if (event.type === 'progress') show(event.data, session);
  }
  session.signal.removeEventListener('abort', stop);
  const { model } = run;
  const registered = model ? (await client.getModel(model.name)).versions : [];
  const card = registered.find(({ version }) => version === model?.version)?.card;
  const metrics = { ...run.metrics, ...figuresOf(card?.metrics) };
  return { run: run.id, state: run.state, model, metrics, error: run.error?.message };
}

function show(progress: RunProgress, { terminal }: Session): void {
  const parts = [
    progress.phase === 'training' ? `epoch ${progress.epoch}/${progress.epochs}` : progress.phase,
    typeof progress.loss === 'number' ? `loss ${progress.loss.toFixed(3)}` : '',
    progress.metric ? `${progress.metric.name} ${sayFigure(progress.metric.value)}` : '',
    typeof progress.imagesPerSecond === 'number' ? `${Math.round(progress.imagesPerSecond)} images/s` : '',
    progress.kept ? `${Math.floor((100 * progress.kept.pictures) / progress.kept.of)} % of the pictures decoded` : '',
    typeof progress.secondsLeft === 'number' ? `${sayDuration(progress.secondsLeft)} left` : '',
  ];
  terminal.progress({ done: progress.step, total: progress.steps, text: parts.filter(Boolean).join(', ') });
}
