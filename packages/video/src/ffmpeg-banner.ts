import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { nameContainer } from './container-name.js';
import { DecodeFailure, DecoderMissing, MAX_FRAME_PIXELS, STALL_MS, steadyRate, type VideoFacts } from './frame.js';

/** What the program says of a file before it does anything. */
export interface Banner {
  /** Options by which this version passes frames through as they are; older ones know another word for it. */
  readonly passthrough: readonly string[];
  readonly startMicros: number;
  readonly reader: string;
  readonly durationSeconds: number | null;
  readonly codec: string;
  readonly width: number;
  readonly height: number;
  /** Frames a second: average, and as guessed from the time stamps, to two decimals; 0 where nothing tells it. */
  readonly averageRate: number;
  readonly baseRate: number;
  readonly hasAudio: boolean;
  /** Clockwise quarter turns. */
  readonly turns: number;
}

/** As the program writes a missing time stamp in lists of packets. */
const NO_STAMP = '-9223372036854775808';

/** Options that any reading of a file begins with: of the file alone, no playlists; nothing that fills the memory. */
export const INPUT_OPTIONS = ['-nostdin', '-protocol_whitelist', 'file,pipe', '-max_pixels', String(MAX_FRAME_PIXELS)];

/** Runs `ffmpeg` for what it says of a file. @throws DecodeFailure, DecoderMissing */
export async function readBanner(path: string, signal: AbortSignal | undefined): Promise<Banner> {
  const lines: string[] = [];
  await runFfmpeg([...INPUT_OPTIONS, '-i', `file:${path}`], signal, {
    error: (line) => {
      if (lines.length < 10_000) lines.push(line);
    },
  });
  return parseBanner(lines);
}

/** Reads the lines that `ffmpeg -i` writes. @throws DecodeFailure where they tell of no video */
export function parseBanner(lines: readonly string[]): Banner {
  const find = (pattern: RegExp) => lines.map((line) => pattern.exec(line)).find((match) => match !== null);
  const version = find(/^ffmpeg version n?(\d+)\.(\d+)/);
  const isOld = version && (Number(version[1]) < 5 || (Number(version[1]) === 5 && Number(version[2]) < 1));
  const reader = find(/^Input #0, (.*), from /)?.[1];
  if (reader === undefined) throw new DecodeFailure('it is not a video Fovea can read');
  const at = lines.findIndex((line) => /^ *Stream #0:.*: Video: /.test(line) && !line.includes('(attached pic)'));
  const video = lines[at];
  const size = video && /, (\d+)x(\d+)[ ,]/.exec(`${video},`);
  if (!video || !size) throw new DecodeFailure('it holds no video');
  const ofStream = lines.slice(at + 1);
  const end = ofStream.findIndex((line) => /^ *Stream #/.test(line));
  const rotation = (end < 0 ? ofStream : ofStream.slice(0, end))
    .map((line) => /display ?matrix: rotation of (-?[\d.]+) degrees/i.exec(line)?.[1])
    .find((degrees) => degrees !== undefined);
  const duration = find(/^ *Duration: (\d+):(\d+):([\d.]+)/);
  return {
    passthrough: isOld ? ['-vsync', 'passthrough'] : ['-fps_mode', 'passthrough'],
    startMicros: Math.round(Number(find(/^ *Duration: .*\bstart: (-?[\d.]+)/)?.[1] ?? 0) * 1e6),
    reader,
    durationSeconds: duration ? Number(duration[1]) * 3600 + Number(duration[2]) * 60 + Number(duration[3]) : null,
    codec: /: Video: (\w+)/.exec(video)?.[1] ?? 'unknown',
    width: Number(size[1]),
    height: Number(size[2]),
    averageRate: Number(/, ([\d.]+) fps\b/.exec(video)?.[1] ?? 0),
    baseRate: Number(/, ([\d.]+)k? tbr\b/.exec(video)?.[1] ?? 0),
    hasAudio: lines.some((line) => /^ *Stream #0:.*: Audio: /.test(line)),
    turns: (Math.round(-Number(rotation ?? 0) / 90) + 4) % 4,
  };
}

/** What a file is; its packets are always counted, since the program does not tell what the header says. */
export async function probeWithFfmpeg(path: string, signal: AbortSignal | undefined): Promise<VideoFacts> {
  const banner = await readBanner(path, signal);
  let secondsPerTick = 0;
  let frameCount = 0;
  let stamped = 0;
  let [first, last, end] = [Number.POSITIVE_INFINITY, 0, 0];
  const packets = ['-map', '0:V:0', '-c', 'copy', '-copyts', '-f', 'framecrc', 'pipe:1'];
  await runFfmpeg([...INPUT_OPTIONS, '-i', `file:${path}`, ...packets], signal, {
    output: (line) => {
      const base = /^#tb 0: (\d+)\/(\d+)/.exec(line);
      if (base) secondsPerTick = Number(base[1]) / Number(base[2]);
      const packet = /^0, *(-?\d+|NOPTS), *(-?\d+|NOPTS), *(\d+),/.exec(line);
      if (!packet) return;
      frameCount++;
      const stamp = [packet[2], packet[1]].find((value) => value !== 'NOPTS' && value !== NO_STAMP);
      if (stamp === undefined) return;
      stamped++;
      first = Math.min(first, Number(stamp));
      last = Math.max(last, Number(stamp));
      end = Math.max(end, Number(stamp) + Number(packet[3]));
    },
  });
  if (frameCount === 0) throw new DecodeFailure('it holds not a single frame');
  // The banner has two decimals; the packets tell it to the end.
  const isExact = last > first && stamped === frameCount;
  const average = isExact ? (frameCount - 1) / (last - first) / secondsPerTick : banner.averageRate;
  const told = end * secondsPerTick - banner.startMicros / 1e6;
  const isSideways = banner.turns % 2 === 1;
  return {
    format: nameContainer(banner.reader, path),
    codec: banner.codec,
    width: isSideways ? banner.height : banner.width,
    height: isSideways ? banner.width : banner.height,
    durationSeconds: banner.durationSeconds ?? (stamped > 0 ? told : average > 0 ? frameCount / average : 0),
    frameCount,
    frameCountFrom: 'packets',
    frameRate: steadyRate(average, banner.baseRate),
    hasAudio: banner.hasAudio,
    rotation: (banner.turns * 90) as VideoFacts['rotation'],
  };
}

async function runFfmpeg(
  options: readonly string[],
  signal: AbortSignal | undefined,
  lines: { output?(line: string): void; error?(line: string): void },
): Promise<void> {
  signal?.throwIfAborted();
  const child = spawn('ffmpeg', options, { stdio: ['ignore', 'pipe', 'pipe'] });
  let aliveMs = performance.now();
  let isStalled = false;
  const kill = () => child.kill('SIGKILL');
  signal?.addEventListener('abort', kill);
  const timer = setInterval(() => {
    isStalled = performance.now() - aliveMs > STALL_MS;
    if (isStalled) kill();
  }, 1000);
  const follow = (stream: NodeJS.ReadableStream, take?: (line: string) => void) =>
    createInterface({ input: stream }).on('line', (line) => {
      aliveMs = performance.now();
      take?.(line);
    });
  follow(child.stdout, lines.output);
  follow(child.stderr, lines.error);
  try {
    await new Promise<void>((resolve, reject) => {
      child.on('close', () => resolve());
      child.on('error', (error) => reject(missing(error)));
    });
  } finally {
    clearInterval(timer);
    signal?.removeEventListener('abort', kill);
  }
  signal?.throwIfAborted();
  if (isStalled) throw new DecodeFailure(`ffmpeg has not got on for ${STALL_MS / 1000} seconds and was stopped`);
}

/** The error of a program that did not start. */
export function missing(error: Error): DecoderMissing {
  const { code } = error as NodeJS.ErrnoException;
  return new DecoderMissing(code === 'ENOENT' ? 'there is no ffmpeg on the PATH' : `ffmpeg does not run (${code})`);
}
