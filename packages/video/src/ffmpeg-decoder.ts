import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { DecodeFailure, DecoderMissing, type VideoFrame } from './frame.js';
import { splitPpm } from './ppm-stream.js';

const LAST_LINES = 3;

/** Decodes by the program `ffmpeg` on the PATH, as PPM pictures through a pipe; times come from its own log. */
export async function* decodeWithFfmpeg(
  path: string,
  everyNth: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<VideoFrame> {
  const sync = await passthroughOption();
  // Of the file alone, no playlists; each frame once, at its own time; one log line a frame.
  const input = [
    '-nostdin',
    '-hide_banner',
    '-loglevel',
    'info',
    '-protocol_whitelist',
    'file,pipe',
    '-i',
    `file:${path}`,
  ];
  const filter = `select='not(mod(n,${everyNth}))',showinfo`;
  const output = [
    '-map',
    '0:v:0',
    '-vf',
    filter,
    ...sync,
    '-f',
    'image2pipe',
    '-c:v',
    'ppm',
    '-pix_fmt',
    'rgb24',
    'pipe:1',
  ];
  const child = spawn('ffmpeg', [...input, ...output], { stdio: ['ignore', 'pipe', 'pipe'] });
  const log = followLog(child);
  const abort = () => child.kill('SIGKILL');
  signal?.addEventListener('abort', abort);
  try {
    let count = 0;
    for await (const image of splitPpm(child.stdout)) {
      yield { index: count * everyNth, timeSeconds: await log.timeOf(count), image };
      count++;
      signal?.throwIfAborted();
    }
    signal?.throwIfAborted();
    if (child.exitCode === null) await once(child, 'exit');
    if (count === 0) throw new DecodeFailure(`ffmpeg decodes nothing of it (${log.last() || 'no reason given'})`);
  } finally {
    signal?.removeEventListener('abort', abort);
    child.kill('SIGKILL');
  }
}

/** How this version is told to pass frames through as they are; older ones know another word for it. */
async function passthroughOption(): Promise<string[]> {
  let stdout: string;
  try {
    ({ stdout } = await promisify(execFile)('ffmpeg', ['-version'], { timeout: 20_000 }));
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    throw new DecoderMissing(code === 'ENOENT' ? 'there is no ffmpeg on the PATH' : `ffmpeg does not run (${code})`);
  }
  const version = /^ffmpeg version n?(\d+)\.(\d+)/.exec(stdout);
  const isOld = version !== null && (Number(version[1]) < 5 || (Number(version[1]) === 5 && Number(version[2]) < 1));
  return isOld ? ['-vsync', 'passthrough'] : ['-fps_mode', 'passthrough'];
}

interface FrameLog {
  /** Time in seconds of the n-th frame written; waits for its line. */
  timeOf(n: number): Promise<number>;
  last(): string;
}

function followLog(child: ChildProcess): FrameLog {
  const times: number[] = [];
  const others: string[] = [];
  let isOver = false;
  let wake: (() => void) | undefined;
  const lines = createInterface({ input: child.stderr! });
  lines.on('line', (line) => {
    const time = /showinfo.*\bn:\s*\d+ .*pts_time:\s*(\S+)/.exec(line)?.[1];
    if (time !== undefined) times.push(Number(time) || 0);
    else if (line.trim() !== '') others.push(line.trim());
    if (others.length > LAST_LINES) others.shift();
    wake?.();
  });
  lines.on('close', () => {
    isOver = true;
    wake?.();
  });
  return {
    async timeOf(n) {
      while (times.length <= n && !isOver) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      return times[n] ?? 0;
    },
    last: () => others.at(-1)?.replace(/[.\s]+$/, '') ?? '',
  };
}
