import { type BigIntStats, type FSWatcher, watch } from 'node:fs';
import { lstat, stat } from 'node:fs/promises';
import { FoveaError } from '@fovea/annotations';
import type { Problem } from '@fovea/formats';
import { isHidden, kindOf, nameText } from './file-name.js';
import { maxBytesOf } from './limited-bytes.js';
import { fileItem, fingerprintOf } from './local-file.js';
import type { WatchableSource } from './open-source.js';
import { DEFAULT_LIMITS, type SourceItem, type SourceLimits } from './source.js';
import { openReport } from './source-report.js';
import { childOf, nameBelow, walkFolder } from './walk-folder.js';

/** What became of a folder's files since the last batch. */
export interface FolderChanges {
  readonly added: readonly SourceItem[];
  /** Files that have other bytes than before, by their size and time. */
  readonly changed: readonly SourceItem[];
  readonly removed: readonly { readonly location: string; readonly name: string }[];
}

/** Options of {@link watchFolder}. */
export interface WatchOptions {
  /** Ends the watch. */
  readonly signal: AbortSignal;
  /** Told of changes, at most `batchFiles` at a time; the next batch waits for it. What it throws ends the watch. */
  readonly onChange: (changes: FolderChanges) => Promise<void> | void;
  /** Told when every file that was there at first has been seen. */
  readonly onReady?: () => void;
  /** Told what cannot be looked at, each once. */
  readonly onProblem?: (problem: Problem) => void;
  /** How long a file must stay as it is before it counts as written; default 2 s. */
  readonly stableMs?: number;
  /** How often everything is looked at again, in case news was lost; default 5 minutes. */
  readonly rescanMs?: number;
  /** The same, where the system tells no news of some folders; default 30 s. */
  readonly pollMs?: number;
  /** Default 256. */
  readonly batchFiles?: number;
  readonly limits?: Partial<SourceLimits>;
}

const SETTLE_MS = 100;
const MAX_TOLD = 10_000;

/**
 * Follows a folder until told to stop: first all its files come as added, so that nothing is missed between an ingest and
 * the watch, then what changes. The system's news of each folder, one watch a folder, is what makes it quick; looking at
 * everything every few minutes is what makes it right. Memory is about 150 bytes a file.
 *
 * A file that is still being written comes when its size and time have stayed the same for a while. One that is renamed
 * is removed and added. Where the folder itself is gone, a disk taken out for example, its files do not count as removed.
 *
 * @throws FoveaError `not_watchable` for what is no folder; what `onChange` throws
 */
export async function watchFolder(source: WatchableSource, options: WatchOptions): Promise<void> {
  const { folder: root } = source;
  if (root === undefined) {
    throw new FoveaError('not_watchable', `Only a folder can be watched, and "${source.root}" is none.`, {
      path: source.root,
    });
  }
  const { signal, onChange, stableMs = 2000, rescanMs = 300_000, pollMs = 30_000, batchFiles = 256 } = options;
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const known = new Map<string, string>();
  /** Files that may still be written: how they were, and since when they are so. */
  const fresh = new Map<string, { path: Buffer; fingerprint: string; since: number }>();
  /** What the system told news of, not yet looked at. */
  const news = new Map<string, Buffer>();
  const watchers = new Map<string, FSWatcher>();
  const told = new Set<string>();
  let isPolling = false;
  let isRescanDue = true;
  let rescanAt = 0;
  let wake = () => {};

  const report = openReport();
  const tellOnce: typeof report.tell = (file, code, reason) => {
    const key = `${code} ${file}`;
    if (told.has(key) || told.size >= MAX_TOLD) return;
    told.add(key);
    options.onProblem?.({ file, code, reason });
  };
  const walkReport = { ...report, tell: tellOnce };

  function follow(path: Buffer, name: string): void {
    if (watchers.has(name) || isPolling) return;
    try {
      const watcher = watch(path, { encoding: 'buffer' }, (_, entry) => {
        // Without a name all of the folder may be meant.
        if (entry === null) isRescanDue = true;
        else if (!isHidden(nameText(entry as Buffer))) {
          news.set(nameBelow(name, entry as Buffer), childOf(path, entry as Buffer));
        }
        wake();
      });
      watcher.on('error', () => unfollow(name));
      watchers.set(name, watcher);
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException;
      if (code !== 'ENOSPC' && code !== 'EMFILE' && code !== 'ENOSYS') return;
      isPolling = true;
      const remedy = 'raise fs.inotify.max_user_watches to be told at once';
      const reason = `The system lets this user watch no more folders (${code}): everything is looked at every ${pollMs / 1000} s instead; ${remedy}.`;
      tellOnce(source.root, 'watch_limit', reason);
    }
  }

  function unfollow(name: string): void {
    watchers.get(name)?.close();
    watchers.delete(name);
  }

  let batch = {
    added: [] as SourceItem[],
    changed: [] as SourceItem[],
    removed: [] as { location: string; name: string }[],
  };
  const size = () => batch.added.length + batch.changed.length + batch.removed.length;
  async function flush(): Promise<void> {
    if (size() === 0) return;
    const full = batch;
    batch = { added: [], changed: [], removed: [] };
    await onChange(full);
  }

  async function take(item: SourceItem, fingerprint: string): Promise<void> {
    const before = known.get(item.name);
    fresh.delete(item.name);
    if (before === fingerprint) return;
    known.set(item.name, fingerprint);
    (before === undefined ? batch.added : batch.changed).push(item);
    if (size() >= batchFiles) await flush();
  }

  async function remove(name: string): Promise<void> {
    fresh.delete(name);
    if (!known.delete(name)) return;
    batch.removed.push({ location: `${nameText(root!)}/${name}`, name });
    if (size() >= batchFiles) await flush();
  }

  /** Whether a file was changed so lately that somebody may still be at it. A time in the future says nothing. */
  const isFresh = (found: BigIntStats) => {
    const age = Date.now() - Number(found.mtimeMs);
    return age < stableMs && age > -stableMs;
  };

  async function see(path: Buffer, name: string, found: BigIntStats, mayBeFresh: boolean): Promise<void> {
    const kind = kindOf(name);
    if (kind === undefined) return;
    const fingerprint = fingerprintOf(found);
    if (known.get(name) === fingerprint) return void fresh.delete(name);
    if (mayBeFresh || isFresh(found)) {
      const before = fresh.get(name);
      if (before?.fingerprint !== fingerprint) fresh.set(name, { path, fingerprint, since: performance.now() });
      return;
    }
    const maxBytes = maxBytesOf(kind, limits);
    if (found.size > maxBytes)
      return tellOnce(nameText(path), 'too_large', 'The file is larger than allowed; skipped.');
    await take(fileItem(path, name, kind, found, maxBytes), fingerprint);
  }

  /** Takes in a folder and all below it; gives the names of folders that could not be read. */
  async function scan(path: Buffer, name: string, unseen?: Set<string>): Promise<string[]> {
    const unreadable: string[] = [];
    const walked = walkFolder(
      path,
      { limits, report: walkReport, signal, onFolder: follow, onUnreadable: (each) => unreadable.push(each) },
      name,
    );
    for await (const item of walked) {
      unseen?.delete(item.name);
      const at = Buffer.from(item.path!);
      if (known.get(item.name) === item.fingerprint) {
        fresh.delete(item.name);
        continue;
      }
      const found = await lstat(at, { bigint: true }).catch(() => undefined);
      if (found?.isFile()) await see(at, item.name, found, false);
    }
    return unreadable;
  }

  async function rescan(): Promise<void> {
    isRescanDue = false;
    const startedAt = performance.now();
    if (!(await stat(root!).catch(() => undefined))?.isDirectory()) {
      tellOnce(source.root, 'folder_gone', 'The folder is gone; its files are kept as they were until it is back.');
      for (const name of [...watchers.keys()]) unfollow(name);
    } else {
      told.delete(`folder_gone ${source.root}`);
      const unseen = new Set([...known.keys(), ...fresh.keys()]);
      const unreadable = await scan(root!, '', unseen);
      const isUnknown = (name: string) => unreadable.some((folder) => folder === '' || name.startsWith(`${folder}/`));
      for (const name of unseen) if (!isUnknown(name)) await remove(name);
    }
    // A folder that takes long to look at is not looked at without end.
    const pauseMs = Math.max(isPolling ? Math.min(pollMs, rescanMs) : rescanMs, 10 * (performance.now() - startedAt));
    rescanAt = performance.now() + pauseMs;
  }

  async function readNews(): Promise<void> {
    const entries = [...news];
    news.clear();
    for (const [name, path] of entries) {
      signal.throwIfAborted();
      const found = await lstat(path, { bigint: true }).catch(() => undefined);
      if (found?.isFile()) await see(path, name, found, true);
      else if (found?.isDirectory()) await scan(path, name);
      else {
        await remove(name);
        if (!watchers.has(name)) continue;
        for (const each of watchers.keys()) if (each === name || each.startsWith(`${name}/`)) unfollow(each);
        for (const each of [...known.keys(), ...fresh.keys()]) if (each.startsWith(`${name}/`)) await remove(each);
      }
    }
  }

  async function lookAtFresh(): Promise<void> {
    for (const [name, { path, fingerprint, since }] of [...fresh]) {
      signal.throwIfAborted();
      const found = await lstat(path, { bigint: true }).catch(() => undefined);
      if (!found?.isFile()) await remove(name);
      else if (fingerprintOf(found) !== fingerprint) {
        fresh.set(name, { path, fingerprint: fingerprintOf(found), since: performance.now() });
      } else if (performance.now() - since >= stableMs) {
        const kind = kindOf(name)!;
        const maxBytes = maxBytesOf(kind, limits);
        fresh.delete(name);
        if (found.size <= maxBytes) await take(fileItem(path, name, kind, found, maxBytes), fingerprint);
        else tellOnce(nameText(path), 'too_large', 'The file is larger than allowed; skipped.');
      }
    }
  }

  /** Waits until there may be something to do. */
  function rest(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(done, Math.max(0, ms));
      function done() {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        wake = () => {};
        resolve();
      }
      wake = done;
      signal.addEventListener('abort', done, { once: true });
      if (signal.aborted) done();
    });
  }

  let isFirst = true;
  try {
    while (!signal.aborted) {
      if (isRescanDue || performance.now() >= rescanAt) await rescan();
      await readNews();
      await lookAtFresh();
      await flush();
      if (isFirst) options.onReady?.();
      isFirst = false;
      if (news.size > 0 || isRescanDue) continue;
      const untilRescan = rescanAt - performance.now();
      await rest(fresh.size > 0 ? Math.min(untilRescan, Math.max(20, stableMs / 4)) : untilRescan);
      // News comes in swarms: a moment later most of it is one.
      if (news.size > 0 && !signal.aborted) await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
    }
  } catch (error) {
    if (!signal.aborted || error !== signal.reason) throw error;
  } finally {
    for (const watcher of watchers.values()) watcher.close();
  }
}
