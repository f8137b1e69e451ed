import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { openTestHome } from '@fovea/store/testing';
import { expect, test } from 'vitest';
import { listMedia } from '../media-page.js';
import { ensureProject } from '../project.js';
import { ingestVideo } from './ingest-video.js';

const INGEST = fileURLToPath(new URL('../fixtures/ingest-video.js', import.meta.url));
const PATH = fileURLToPath(new URL('../../../video/fixtures/open-gop.mp4', import.meta.url));

test('killed again and again, it loses nothing it said was saved, and the next call does the rest', async (context) => {
  const opened = await openTestHome();
  const { home } = opened;
  try {
    let saved = 0;
    for (let round = 0; round < 5; round++) {
      const child = spawn(process.execPath, [INGEST, opened.path, PATH], { stdio: ['ignore', 'pipe', 'pipe'] });
      const ended = once(child, 'exit');
      const lines = createInterface(child.stdout);
      let ofRound = 0;
      lines.on('line', (line) => {
        ofRound = Number(/^saved (\d+)$/.exec(line)![1]);
      });
      await once(lines, 'line');
      await sleep(200 + Math.random() * 900);
      child.kill('SIGKILL');
      await ended;
      saved += ofRound;
      const { total } = await listMedia(home, 'killed').catch(() => ({ total: 0 }));
      expect(total).toBeGreaterThanOrEqual(saved);
    }
    const projectId = await ensureProject(home, 'killed');
    const video = { path: PATH, name: 'killed.mp4' };
    const before = await home.pool.query('select 1 from fovea.media where project_id = $1', [projectId]);
    const report = await ingestVideo(home, projectId, video, { by: { kind: 'all' } });
    expect(report).toMatchObject({ frames: 60, newFrames: 60 - before.rows.length, problems: [] });
    const { rows } = await home.pool.query(
      `select count(*)::integer as media, count(distinct m.time_seconds)::integer as times, count(f.sha256)::integer as facts,
         (select count(*)::integer from fovea.videos) as videos
       from fovea.media m left join fovea.facts f using (sha256)`,
    );
    expect(rows).toEqual([{ media: 60, times: 60, facts: 60, videos: 1 }]);
  } catch (error) {
    if ((error as { code?: string }).code === 'no_video_decoder') context.skip('nothing decodes videos here');
    throw error;
  } finally {
    await opened.remove();
  }
});
