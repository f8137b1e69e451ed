import type { Model } from '@fovea/api';
import { getProject } from '@fovea/lake';
import { listModels, mainMetrics } from '@fovea/registry';
import { done, type Outcome } from '../outcome.js';
import { type CommonOptions, remoteOf, type Session, withHome } from '../session.js';
import { table } from '../terminal.js';
import { sayFigure } from './train.js';

/** `fovea models`: every model version with its aliases and figures. */
export async function modelsCommand(options: CommonOptions & { project?: string }, session: Session): Promise<Outcome> {
  const client = remoteOf(options);
  const models = client
    ? (await client.listModels(options.project)).flatMap(versionsOf)
    : await withHome(options, session, async (home) => {
        if (options.project !== undefined) await getProject(home, options.project);
        return (await listModels(home, options.project)).flatMap((model) =>
          model.versions.map((version) => ({
            name: model.name,
            project: model.project,
            version: version.version,
            aliases: [...version.aliases],
            createdAt: version.createdAt.toISOString(),
            sizeBytes: version.sizeBytes,
            runId: version.runId,
            card: version.card as Record<string, unknown> & { metrics: Record<string, unknown> },
          })),
        );
      });
  if (models.length === 0) return done({ models }, ['There are no models yet: fovea train makes one.']);
  const figure = ({ task, metrics }: (typeof models)[number]['card']) => {
    const name = mainMetrics[String(task)];
    const value = name === undefined ? undefined : metrics[name];
    return name === undefined ? '–' : `${name} ${sayFigure(typeof value === 'number' ? value : null)}`;
  };
  const rows = models.map((model) => [
    model.name,
    model.version,
    model.aliases.join(', ') || '–',
    model.project ?? '–',
    String(model.card.task),
    figure(model.card),
    `${(model.sizeBytes / 1e6).toFixed(1)} MB`,
  ]);
  return done({ models }, [table(['model', 'version', 'aliases', 'project', 'task', 'figure', 'size'], rows)]);
}

function versionsOf(model: Model) {
  return model.versions.map((version) => ({ name: model.name, project: model.project, ...version }));
}
