import type { Home } from '@fovea/store';
import { type Mirror, openMirror } from './mirror.js';

/** Mirrors a process keeps open at the most; each may take some hundred megabytes. */
const MAX_OPEN = 4;

interface Held {
  readonly mirror: Promise<Mirror>;
  users: number;
}

const held = new WeakMap<Home, Map<number, Held>>();

/**
 * Lends the mirror of a project, which stays open for the next question; those least recently used are closed when there
 * are many, and all of them with the home.
 */
export async function withMirror<T>(home: Home, projectId: number, use: (mirror: Mirror) => Promise<T>): Promise<T> {
  const mirrors = mirrorsOf(home);
  const entry = mirrors.get(projectId) ?? { mirror: openMirror(home, projectId), users: 0 };
  // Last in the order of the map: the most recently used.
  mirrors.delete(projectId);
  mirrors.set(projectId, entry);
  entry.users++;
  try {
    const mirror = await entry.mirror.catch((error: unknown) => {
      mirrors.delete(projectId);
      throw error;
    });
    await closeOldest(mirrors);
    return await use(mirror);
  } finally {
    entry.users--;
  }
}

function mirrorsOf(home: Home): Map<number, Held> {
  const known = held.get(home);
  if (known) return known;
  const mirrors = new Map<number, Held>();
  held.set(home, mirrors);
  home.onClose(async () => {
    for (const { mirror } of mirrors.values()) await mirror.then((each) => each.close()).catch(() => undefined);
    mirrors.clear();
  });
  return mirrors;
}

async function closeOldest(mirrors: Map<number, Held>): Promise<void> {
  for (const [projectId, { mirror, users }] of mirrors) {
    if (mirrors.size <= MAX_OPEN) return;
    if (users > 0) continue;
    mirrors.delete(projectId);
    await (await mirror).close();
  }
}
