import { embedProject } from '@fovea/curation';
import { done, type Outcome } from '../outcome.js';
import { sayProblems } from '../problems.js';
import { type CommonOptions, remoteOf, type Session, withHome } from '../session.js';

/** Options of `fovea embed`. */
export interface EmbedCommandOptions extends CommonOptions {
  readonly project: string;
  readonly model: string;
}

/** `fovea embed`: the vectors of a project's pictures that are missing. */
export async function embedCommand(options: EmbedCommandOptions, session: Session): Promise<Outcome> {
  const { project, model } = options;
  const client = remoteOf(options);
  if (client) {
    const { jobId } = await client.startEmbedding(project, { model }, session);
    return done({ project, model, jobId }, [`The server embeds ${project} by ${model}: job ${jobId}.`]);
  }
  const report = await withHome(options, session, (home) =>
    embedProject(home, project, {
      model,
      signal: session.signal,
      onProgress: ({ done: ready, total, failed }) =>
        session.terminal.progress({ done: ready, total, text: `embedded${failed > 0 ? `, ${failed} failed` : ''}` }),
    }),
  );
  session.terminal.endProgress();
  return done({ project, ...report }, [
    `${report.done} pictures of ${project} embedded by ${report.model}; ${report.skipped} had been before, ${report.failed} failed.`,
    ...sayProblems(report.problems.map(({ name, code, reason }) => ({ file: name, code, reason }))),
  ]);
}
