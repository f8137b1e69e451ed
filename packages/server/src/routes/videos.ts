import * as routes from '@fovea/api/routes';
import { getVideo, listVideos, type Video } from '@fovea/lake';
import { sendBlob } from '../blob-answer.js';
import type { Services } from '../services.js';
import { createRouter } from './router.js';

/** What browsers know a container by; one they do not know is played by none. */
const mediaTypes: Readonly<Record<string, string>> = {
  mp4: 'video/mp4',
  mov: 'video/quicktime',
  webm: 'video/webm',
  matroska: 'video/x-matroska',
  avi: 'video/x-msvideo',
  mpegts: 'video/mp2t',
  mpeg: 'video/mpeg',
  ogg: 'video/ogg',
};

/** Videos of a project: the list, one, its bytes. Their frames are media. */
export function videoRoutes({ home }: Services) {
  return createRouter()
    .openapi(routes.listVideos, async (c) => {
      const { videos, total } = await listVideos(home, c.req.valid('param').project, c.req.valid('query'));
      return c.json({ videos: videos.map(presentVideo), total }, 200);
    })
    .openapi(routes.getVideo, async (c) => {
      const { project, sha256 } = c.req.valid('param');
      return c.json(presentVideo(await getVideo(home, project, sha256)), 200);
    })
    .openapi(routes.getVideoContent, async (c) => {
      const { project, sha256 } = c.req.valid('param');
      const { format } = await getVideo(home, project, sha256);
      return (await sendBlob(c, home, sha256, mediaTypes[format] ?? 'application/octet-stream')) as never;
    });
}

function presentVideo({ createdAt, ...video }: Video) {
  return { ...video, createdAt: createdAt.toISOString() };
}
