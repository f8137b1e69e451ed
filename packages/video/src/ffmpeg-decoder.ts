import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { type Banner, INPUT_OPTIONS, missing, probeWithFfmpeg, readBanner } from './ffmpeg-banner.js';
import { DecodeFailure, type Decoder, type ReadPlan, STALL_MS, toMicros, type VideoFrame } from './frame.js';
import { type CursorFrame, type FrameCursor, FramePosition, firstCell, selectFrames } from './frame-cursor.js';
import { splitPpm } from './ppm-stream.js';
import { shrinkToLuma } from './scene-detector.js';

const LAST_LINES = 3;

/** Decodes by the program `ffmpeg` on the PATH, as PPM pictures through a pipe; times come from its own log. */
export const ffmpegDecoder: Decoder = {
  probe: probeWithFfmpeg,

  async *read(path, plan, signal) {
    const banner = await readBanner(path, signal);
    if (plan.sceneThreshold !== null) {
      const cursor = new FfmpegCursor(path, banner, signal);
      try {
        yield* selectFrames(cursor, plan);
      } finally {
        await cursor.close();
      }
      return;
    }
    const from = await findBeginning(path, banner, plan.fromMicros, signal);
    for await (const { index, micros, image } of decode(path, banner, from, plan, signal)) {
      yield { index, timeSeconds: (micros ?? 0) / 1e6, image };
    }
  },

  open(path) {
    let position: FramePosition | undefined;
    let cursor: FfmpegCursor | undefined;
    return {
      async at(micros) {
        cursor ??= new FfmpegCursor(path, await readBanner(path, undefined), undefined);
        position ??= new FramePosition(cursor);
        const frame = await position.at(micros);
        if (frame === undefined) throw new DecodeFailure('not a single frame of it can be decoded');
        return frame;
      },
      close: async () => cursor?.close(),
    };
  },
};

/** Where decoding must begin for its first frame at or after a time to be right; null: at the start. */
async function findBeginning(path: string, banner: Banner, micros: number, signal: AbortSignal | undefined) {
  if (micros <= 0) return null;
  const cursor = new FfmpegCursor(path, banner, signal);
  try {
    return (await new FramePosition(cursor).place(micros)) ?? null;
  } finally {
    await cursor.close();
  }
}

/** All frames, each through the pipe; a seek starts the program anew. */
class FfmpegCursor implements FrameCursor {
  private frames: AsyncGenerator<DecodedFrame>;

  constructor(
    private readonly path: string,
    private readonly banner: Banner,
    private readonly signal: AbortSignal | undefined,
  ) {
    this.frames = decode(path, banner, null, null, signal);
  }

  async next(): Promise<CursorFrame | undefined> {
    const { value, done } = await this.frames.next();
    if (done) return undefined;
    const { image } = value;
    return { ...value, toImage: () => image, toSmall: () => shrinkToLuma(image) };
  }

  async seek(micros: number | null): Promise<boolean> {
    await this.close();
    this.frames = decode(this.path, this.banner, micros, null, this.signal);
    return true;
  }

  async close(): Promise<void> {
    await this.frames.return(undefined);
  }
}

type DecodedFrame = LogLine & Pick<VideoFrame, 'image'>;

/** Runs the program from a place on; it converts only what the plan takes. */
async function* decode(
  path: string,
  banner: Banner,
  seekMicros: number | null,
  plan: ReadPlan | null,
  signal: AbortSignal | undefined,
): AsyncGenerator<DecodedFrame> {
  // Not its own accurate seeking: what is right to begin with is decided by the frames that come.
  const seek = seekMicros === null ? [] : ['-noaccurate_seek', '-ss', seconds(seekMicros)];
  const filter = [
    'showinfo',
    ...(plan !== null && Number.isFinite(plan.toMicros)
      ? [`trim=end=${seconds(plan.toMicros + banner.startMicros)}`]
      : []),
    `select='${plan === null ? '1' : selection(plan, banner.startMicros)}'`,
    'showinfo',
    'scale=flags=bilinear',
    'format=rgb24',
  ].join(',');
  const input = [...INPUT_OPTIONS, '-hide_banner', '-loglevel', 'info', '-threads', '2', ...seek, '-copyts'];
  const output = ['-map', '0:V:0', '-vf', filter, ...banner.passthrough, '-f', 'image2pipe', '-c:v', 'ppm', 'pipe:1'];
  signal?.throwIfAborted();
  const child = spawn('ffmpeg', [...input, '-i', `file:${path}`, ...output], { stdio: ['ignore', 'pipe', 'pipe'] });
  const exited = new Promise<void>((resolve) => child.on('close', () => resolve()));
  let failure: Error | undefined;
  child.on('error', (error) => {
    failure = missing(error);
  });
  let aliveMs = performance.now();
  let isWaiting = true;
  const log = followLog(child.stderr, banner.startMicros, plan?.fromMicros ?? 0, () => {
    aliveMs = performance.now();
  });
  const kill = () => child.kill('SIGKILL');
  const timer = setInterval(() => {
    if (!isWaiting || performance.now() - aliveMs < STALL_MS) return;
    failure = new DecodeFailure(`ffmpeg has not got on for ${STALL_MS / 1000} seconds and was stopped`);
    kill();
  }, 1000);
  signal?.addEventListener('abort', kill);
  let count = 0;
  let lastMicros = 0;
  try {
    for await (const image of splitPpm(child.stdout)) {
      const line = await log.next();
      if (line === undefined) throw new DecodeFailure('ffmpeg gave a frame and not its time');
      count++;
      isWaiting = false;
      // From the start it knows all times but, at most, those of streams that have none.
      const micros = line.micros ?? (seekMicros === null ? lastMicros : undefined);
      lastMicros = micros ?? 0;
      yield { ...line, micros, image };
      isWaiting = true;
      aliveMs = performance.now();
      signal?.throwIfAborted();
    }
    await exited;
    signal?.throwIfAborted();
    if (failure !== undefined) throw failure;
    if (count === 0 && seekMicros === null && log.seen() === 0) {
      throw new DecodeFailure(`ffmpeg decodes nothing of it (${log.last() || 'no reason given'})`);
    }
  } finally {
    clearInterval(timer);
    signal?.removeEventListener('abort', kill);
    kill();
    child.stdout.destroy();
    await exited;
  }
}

/** The plan as an expression of FFmpeg's filter `select`, the same arithmetic as in `selectFrames`. */
function selection(plan: ReadPlan, startMicros: number): string {
  const isIn = `gte(t+0.0000005,${seconds(plan.fromMicros + startMicros)})`;
  if (plan.everyMicros === null) return `if(${isIn},not(mod(st(0,ld(0)+1)-1,${plan.everyNth})),0)`;
  const cell = `(floor((t-${seconds(startMicros)}+0.0000005)/${seconds(plan.everyMicros)})+1)`;
  return `if(${isIn},if(gt(${cell},max(ld(0),${firstCell(plan)})),gt(st(0,${cell}),0),0),0)`;
}

function seconds(micros: number): string {
  return (micros / 1e6).toFixed(6);
}

interface LogLine {
  readonly index: number;
  /** Undefined where the program does not know. */
  readonly micros: number | undefined;
  readonly isKey: boolean;
}

interface FrameLog {
  /** Of the next frame that is written; waits for its line. */
  next(): Promise<LogLine | undefined>;
  /** Frames decoded so far. */
  seen(): number;
  last(): string;
}

function followLog(stream: Readable, startMicros: number, fromMicros: number, onLine: () => void): FrameLog {
  const lines: LogLine[] = [];
  const others: string[] = [];
  let seen = 0;
  let index = -1;
  let timeBase = { num: 1, den: 1 };
  let isOver = false;
  let wake: (() => void) | undefined;
  const reader = createInterface({ input: stream });
  reader.on('line', (text) => {
    onLine();
    const info = /Parsed_showinfo_(\d+) .*?\] (.*)/.exec(text);
    if (info === null) {
      if (text.trim() !== '') others.push(text.trim());
      if (others.length > LAST_LINES) others.shift();
      return;
    }
    const [, filter, rest] = info as unknown as [string, string, string];
    const base = /^config in time_base: (\d+)\/(\d+)/.exec(rest);
    if (base) timeBase = { num: Number(base[1]), den: Number(base[2]) };
    const frame = /^n: *\d+ pts: *(-?\d+|NOPTS).*?iskey:(\d)/.exec(rest);
    if (!frame) return;
    const micros = frame[1] === 'NOPTS' ? undefined : toMicros(BigInt(frame[1]!), timeBase, startMicros);
    // Before the selection each frame is logged, after it what is taken; both by one thread, frame by frame.
    if (filter === '0') {
      seen++;
      if (micros === undefined || micros >= fromMicros) index++;
    } else {
      lines.push({ index, micros, isKey: frame[2] === '1' });
      wake?.();
    }
  });
  reader.on('close', () => {
    isOver = true;
    wake?.();
  });
  return {
    async next() {
      while (lines.length === 0 && !isOver) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      return lines.shift();
    },
    seen: () => seen,
    last: () => others.at(-1)?.replace(/[.\s]+$/, '') ?? '',
  };
}
