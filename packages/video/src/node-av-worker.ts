import { workerData as data, parentPort } from 'node:worker_threads';
import type { RawImage } from '@fovea/image';
import { DecodeFailure, MAX_FRAME_PIXELS, type VideoFrame } from './frame.js';
import {
  AV_NOPTS_VALUE,
  AV_PIX_FMT_RGB24,
  AV_PKT_DATA_DISPLAYMATRIX,
  AVERROR_EOF,
  AVMEDIA_TYPE_VIDEO,
  type CodecContext,
  type Frame,
  loadNodeAv,
  type NodeAv,
  type Scaler,
  type Stream,
  SWS_BILINEAR,
} from './node-av.js';
import { quarterTurns, turnImage } from './rotate.js';

export interface WorkerData {
  readonly path: string;
  readonly everyNth: number;
}

export type WorkerRequest = 'next' | 'close';

export type WorkerAnswer =
  | { readonly kind: 'frame'; readonly frame: VideoFrame }
  | { readonly kind: 'end' }
  | { readonly kind: 'missing'; readonly reason: string }
  | { readonly kind: 'failure'; readonly reason: string };

/** Each request for a frame is answered once, in order; all calls into the library block this thread only. */
async function serve(): Promise<void> {
  const port = parentPort!;
  const { path, everyNth } = data as WorkerData;
  const answer = (message: WorkerAnswer, transfer: ArrayBuffer[] = []) => port.postMessage(message, transfer);
  let frames: Generator<VideoFrame> | undefined;
  let isOver = false;
  const ready = loadNodeAv().then(
    (library) => {
      frames = decode(library, path, everyNth);
    },
    (error: Error) => {
      const why = error.message.split('\n')[0];
      answer({ kind: 'missing', reason: `the package node-av does not load (${why})` });
    },
  );
  port.on('message', async (request: WorkerRequest) => {
    await ready;
    if (request === 'close') {
      frames?.return(undefined);
      port.close();
      return;
    }
    if (!frames || isOver) return;
    try {
      const { value, done } = frames.next();
      isOver = done === true;
      if (done) answer({ kind: 'end' });
      else answer({ kind: 'frame', frame: value }, [value.image.data.buffer as ArrayBuffer]);
    } catch (error) {
      isOver = true;
      if (!(error instanceof DecodeFailure)) throw error;
      answer({ kind: 'failure', reason: error.message });
    }
  });
}

function* decode(library: NodeAv, path: string, everyNth: number): Generator<VideoFrame> {
  const { Codec, CodecContext, Dictionary, FormatContext, Packet } = library;
  const format = new FormatContext();
  const only = Dictionary.fromObject({ protocol_whitelist: 'file' });
  if (format.openInputSync(`file:${path}`, null, only) < 0) throw new DecodeFailure('it is not a video Fovea can read');
  const packet = new Packet();
  const context = new CodecContext();
  const pictures = new PictureReader(library, everyNth);
  try {
    if (format.findStreamInfoSync() < 0) throw new DecodeFailure('nothing can be found out about its streams');
    const streamIndex = format.findBestStream(AVMEDIA_TYPE_VIDEO);
    const stream = format.streams[streamIndex];
    if (streamIndex < 0 || !stream) throw new DecodeFailure('it holds no video');
    const codec = Codec.findDecoder(stream.codecpar.codecId);
    if (!codec) throw new DecodeFailure('its codec is unknown to the decoder');
    context.allocContext3(codec);
    if (context.parametersToContext(stream.codecpar) < 0) throw new DecodeFailure('its codec parameters make no sense');
    context.threadCount = 2;
    if (context.open2Sync(codec, null) < 0) throw new DecodeFailure('its codec cannot be opened');

    packet.alloc();
    const startSeconds = format.startTime === AV_NOPTS_VALUE ? 0 : Number(format.startTime) / 1e6;
    pictures.open(stream, startSeconds);
    while (format.readFrameSync(packet) >= 0) {
      // A packet that is broken costs its frames, not the rest of the video.
      if (packet.streamIndex === streamIndex) {
        context.sendPacketSync(packet);
        yield* pictures.take(context);
      }
      packet.unref();
    }
    context.sendPacketSync(null);
    yield* pictures.take(context);
  } finally {
    pictures.close();
    packet.free();
    context.freeContext();
    format.closeInputSync();
  }
}

/** Turns decoded frames into RGB pictures, upright, with index and time. */
class PictureReader {
  private readonly decoded: Frame;
  private index = 0;
  private stream!: Stream;
  private startSeconds = 0;
  private turns = 0;
  private target: { readonly scaler: Scaler; readonly frame: Frame; readonly of: string } | undefined;

  constructor(
    private readonly library: NodeAv,
    private readonly everyNth: number,
  ) {
    this.decoded = new library.Frame();
    this.decoded.alloc();
  }

  open(stream: Stream, startSeconds: number): void {
    this.stream = stream;
    this.startSeconds = startSeconds;
    this.turns = quarterTurns(stream.codecpar.getCodedSideData(AV_PKT_DATA_DISPLAYMATRIX));
  }

  *take(context: CodecContext): Generator<VideoFrame> {
    while (true) {
      const result = context.receiveFrameSync(this.decoded);
      // Beside the end and "send more first" (EAGAIN), whose number differs by platform: a broken frame.
      if (result === AVERROR_EOF || result < 0) return;
      const index = this.index++;
      if (index % this.everyNth === 0) yield { index, timeSeconds: this.timeOf(index), image: this.convert() };
      this.decoded.unref();
    }
  }

  private timeOf(index: number): number {
    const { timeBase, avgFrameRate } = this.stream;
    const stamp = this.decoded.bestEffortTimestamp;
    if (stamp === AV_NOPTS_VALUE) return avgFrameRate.num > 0 ? (index * avgFrameRate.den) / avgFrameRate.num : 0;
    return (Number(stamp) * timeBase.num) / timeBase.den - this.startSeconds;
  }

  private convert(): RawImage {
    const { width, height, format } = this.decoded;
    if (width * height > MAX_FRAME_PIXELS) {
      throw new DecodeFailure(
        `its frames of ${width} x ${height} pixels are over the limit of ${MAX_FRAME_PIXELS / 1e6} MP`,
      );
    }
    const of = `${width} ${height} ${format}`;
    if (this.target?.of !== of) {
      this.releaseTarget();
      const scaler = new this.library.SoftwareScaleContext();
      scaler.getContext(width, height, format, width, height, AV_PIX_FMT_RGB24, SWS_BILINEAR);
      const frame = new this.library.Frame();
      frame.alloc();
      Object.assign(frame, { width, height, format: AV_PIX_FMT_RGB24 });
      if (frame.allocBuffer() < 0) throw new DecodeFailure('there is no memory for a frame');
      this.target = { scaler, frame, of };
    }
    const { scaler, frame } = this.target;
    if (scaler.scaleFrameSync(frame, this.decoded) < 0) throw new DecodeFailure('its colours cannot be converted');
    // A copy of its own: the library's memory cannot change threads.
    const pixels = new Uint8Array(frame.toBuffer());
    if (pixels.length !== width * height * 3) throw new Error('internal: a frame buffer is not RGB without padding');
    return turnImage({ data: pixels, width, height }, this.turns);
  }

  private releaseTarget(): void {
    this.target?.scaler.freeContext();
    this.target?.frame.free();
    this.target = undefined;
  }

  close(): void {
    this.releaseTarget();
    this.decoded.free();
  }
}

await serve();
