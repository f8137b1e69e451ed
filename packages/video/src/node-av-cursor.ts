import type { RawImage } from '@fovea/image';
import { nameContainer } from './container-name.js';
import { DecodeFailure, MAX_FRAME_PIXELS, steadyRate, toMicros, type VideoFacts } from './frame.js';
import type { CursorFrame, FrameCursor } from './frame-cursor.js';
import {
  AV_DISPOSITION_ATTACHED_PIC,
  AV_NOPTS_VALUE,
  AV_PIX_FMT_RGB24,
  AV_PKT_DATA_DISPLAYMATRIX,
  AVMEDIA_TYPE_AUDIO,
  AVMEDIA_TYPE_VIDEO,
  AVSEEK_FLAG_BACKWARD,
  type CodecContext,
  type Frame,
  type NodeAv,
  type Packet,
  type Rational,
  type Scaler,
  type Stream,
  SWS_AREA,
  SWS_BILINEAR,
} from './node-av.js';
import { quarterTurns, turnImage } from './rotate.js';
import { SMALL_HEIGHT, SMALL_WIDTH, smallLuma } from './scene-detector.js';

/** An open video file with its packets read one by one. All calls block. */
class Container {
  readonly format: InstanceType<NodeAv['FormatContext']>;
  readonly stream: Stream;
  readonly streamIndex: number;
  readonly startMicros: number;
  readonly packet: Packet;

  /** @throws DecodeFailure */
  constructor(
    readonly library: NodeAv,
    readonly path: string,
  ) {
    this.format = new library.FormatContext();
    const only = library.Dictionary.fromObject({ protocol_whitelist: 'file' });
    if (this.format.openInputSync(`file:${path}`, null, only) < 0) {
      throw new DecodeFailure('it is not a video Fovea can read');
    }
    this.packet = new library.Packet();
    this.packet.alloc();
    try {
      if (this.format.findStreamInfoSync() < 0) throw new DecodeFailure('nothing can be found out about its streams');
      // The first, as the other decoder takes it; a song's cover is a stream of one picture.
      this.streamIndex = this.format.streams.findIndex(
        ({ codecpar, disposition }) =>
          codecpar.codecType === AVMEDIA_TYPE_VIDEO && (disposition & AV_DISPOSITION_ATTACHED_PIC) === 0,
      );
      const stream = this.format.streams[this.streamIndex];
      if (!stream) throw new DecodeFailure('it holds no video');
      this.stream = stream;
      assertSize(stream.codecpar.width, stream.codecpar.height);
      const { startTime } = this.format;
      this.startMicros = startTime === AV_NOPTS_VALUE ? 0 : Number(startTime);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** The next packet of the video, valid until the next call. */
  next(): Packet | undefined {
    do {
      this.packet.unref();
      if (this.format.readFrameSync(this.packet) < 0) return undefined;
    } while (this.packet.streamIndex !== this.streamIndex);
    return this.packet;
  }

  close(): void {
    this.packet.free();
    this.format.closeInputSync();
  }
}

/** Decodes a file from frame to frame. All calls block. @throws DecodeFailure */
export class NodeAvCursor implements FrameCursor {
  private container: Container;
  private decoder: CodecContext;
  private isDraining = false;
  private readonly slots: [Slot, Slot];
  private turn = 0;
  /** Of the frame before, unrounded; null before the first, undefined after a seek. */
  private lastMicros: number | null | undefined = null;

  /** @param beat - told of every packet, as a sign of life; what it throws ends the reading */
  constructor(
    private readonly library: NodeAv,
    private readonly path: string,
    private readonly beat: () => void,
  ) {
    this.container = new Container(library, path);
    try {
      this.decoder = openDecoder(library, this.container.stream);
    } catch (error) {
      this.container.close();
      throw error;
    }
    this.slots = [new Slot(library), new Slot(library)];
  }

  next(): CursorFrame | undefined {
    this.turn = 1 - this.turn;
    const slot = this.slots[this.turn]!;
    while (true) {
      this.beat();
      // Beside the end and "send more first" (EAGAIN), whose number differs by platform: a broken frame.
      if (this.decoder.receiveFrameSync(slot.frame) >= 0) break;
      if (this.isDraining) return undefined;
      const packet = this.container.next();
      this.isDraining = packet === undefined;
      // A packet that is broken costs its frames, not the rest of the video.
      this.decoder.sendPacketSync(packet ?? null);
    }
    const { stream } = this.container;
    const micros = this.microsOf(slot.frame);
    const turns = quarterTurns(stream.codecpar.getCodedSideData(AV_PKT_DATA_DISPLAYMATRIX));
    return {
      micros,
      isKey: slot.frame.keyFrame !== 0,
      toImage: () => turnImage(slot.toRgb(), turns),
      toSmall: () => slot.toSmall(),
    };
  }

  seek(micros: number | null): boolean {
    if (micros === null) {
      // Opened anew: then all is as when it was read from the start, whatever the container.
      this.container.close();
      this.decoder.freeContext();
      this.container = new Container(this.library, this.path);
      this.decoder = openDecoder(this.library, this.container.stream);
    } else {
      const { format, stream, streamIndex, startMicros } = this.container;
      const { num, den } = stream.timeBase;
      const stamp = BigInt(Math.floor(((micros + startMicros) * den) / (num * 1e6)));
      if (format.seekFrameSync(streamIndex, stamp, AVSEEK_FLAG_BACKWARD) < 0) return false;
      this.decoder.flushBuffers();
    }
    this.isDraining = false;
    this.lastMicros = micros === null ? null : undefined;
    return true;
  }

  close(): void {
    for (const slot of this.slots) slot.close();
    this.decoder.freeContext();
    this.container.close();
  }

  /** Where a frame has no time stamp, it comes a frame's length after the one before. */
  private microsOf({ bestEffortTimestamp }: Frame): number | undefined {
    const { stream, startMicros } = this.container;
    const { num, den } = stream.avgFrameRate;
    if (bestEffortTimestamp !== AV_NOPTS_VALUE) {
      this.lastMicros = toMicros(bestEffortTimestamp, stream.timeBase, startMicros);
    } else if (this.lastMicros === null) this.lastMicros = 0;
    else if (this.lastMicros !== undefined) this.lastMicros += num > 0 ? (den * 1e6) / num : 0;
    return this.lastMicros === undefined ? undefined : Math.round(this.lastMicros);
  }
}

/** What a file is, by its headers, and by its packets where those do not say how many frames there are. */
export function probeWithNodeAv(library: NodeAv, path: string, beat: () => void): VideoFacts {
  const container = new Container(library, path);
  try {
    const { format, stream, startMicros } = container;
    const turns = quarterTurns(stream.codecpar.getCodedSideData(AV_PKT_DATA_DISPLAYMATRIX));
    const { width, height, codecId } = stream.codecpar;
    let frameCount = Number(stream.nbFrames);
    let average = ratio(stream.avgFrameRate);
    let durationMicros = format.duration === AV_NOPTS_VALUE ? 0 : Number(format.duration);
    const isTold = frameCount > 0 && durationMicros > 0;
    if (!isTold) {
      frameCount = 0;
      let stamped = 0;
      let [first, last] = [Number.POSITIVE_INFINITY, 0];
      for (let packet = container.next(); packet !== undefined; packet = container.next()) {
        beat();
        frameCount++;
        const stamp = packet.pts !== AV_NOPTS_VALUE ? packet.pts : packet.dts;
        if (stamp === AV_NOPTS_VALUE) continue;
        stamped++;
        const end = stamp + (packet.duration > 0n ? packet.duration : 0n);
        durationMicros = Math.max(durationMicros, toMicros(end, stream.timeBase, startMicros));
        const micros = toMicros(stamp, stream.timeBase, startMicros);
        first = Math.min(first, micros);
        last = Math.max(last, micros);
      }
      if (last > first && stamped === frameCount) average = ((frameCount - 1) * 1e6) / (last - first);
      if (frameCount === 0) throw new DecodeFailure('it holds not a single frame');
    }
    const frameRate = steadyRate(average, ratio(stream.rFrameRate));
    if (durationMicros <= 0 && average > 0) durationMicros = Math.round((frameCount * 1e6) / average);
    return {
      format: nameContainer(format.iformat?.name ?? 'unknown', path),
      codec: library.avGetCodecName(codecId) ?? 'unknown',
      width: turns % 2 === 0 ? width : height,
      height: turns % 2 === 0 ? height : width,
      durationSeconds: durationMicros / 1e6,
      frameCount,
      frameCountFrom: isTold ? 'header' : 'packets',
      frameRate,
      hasAudio: format.streams.some(({ codecpar }) => codecpar.codecType === AVMEDIA_TYPE_AUDIO),
      rotation: (turns * 90) as VideoFacts['rotation'],
    };
  } finally {
    container.close();
  }
}

function ratio({ num, den }: Rational): number {
  return den > 0 ? num / den : 0;
}

function openDecoder(library: NodeAv, stream: Stream): CodecContext {
  const codec = library.Codec.findDecoder(stream.codecpar.codecId);
  if (!codec) throw new DecodeFailure('its codec is unknown to the decoder');
  const context = new library.CodecContext();
  context.allocContext3(codec);
  try {
    if (context.parametersToContext(stream.codecpar) < 0) throw new DecodeFailure('its codec parameters make no sense');
    context.threadCount = 2;
    // As an option of its own: a dictionary given to the opening is freed twice.
    context.setOption('max_pixels', MAX_FRAME_PIXELS);
    if (context.open2Sync(codec, null) < 0) throw new DecodeFailure('its codec cannot be opened');
  } catch (error) {
    context.freeContext();
    throw error;
  }
  return context;
}

function assertSize(width: number, height: number): void {
  if (width * height <= MAX_FRAME_PIXELS) return;
  const limit = MAX_FRAME_PIXELS / 1e6;
  throw new DecodeFailure(`its frames of ${width} x ${height} pixels are over the limit of ${limit} MP`);
}

/** A decoded frame, and what converts it. */
class Slot {
  readonly frame: Frame;
  private readonly full: Converter;
  private readonly small: Converter;

  constructor(library: NodeAv) {
    this.frame = new library.Frame();
    this.frame.alloc();
    this.full = new Converter(library, SWS_BILINEAR);
    this.small = new Converter(library, SWS_AREA);
  }

  toRgb(): RawImage {
    const { width, height } = this.frame;
    assertSize(width, height);
    return { data: this.full.convert(this.frame, width, height), width, height };
  }

  toSmall(): Float32Array {
    return smallLuma(this.small.convert(this.frame, SMALL_WIDTH, SMALL_HEIGHT));
  }

  close(): void {
    this.full.release();
    this.small.release();
    this.frame.free();
  }
}

/** Converts frames to RGB of a size; what it needs for that is kept while frames stay alike. */
class Converter {
  private target: { readonly scaler: Scaler; readonly frame: Frame; readonly of: string } | undefined;

  constructor(
    private readonly library: NodeAv,
    private readonly flags: number,
  ) {}

  convert(from: Frame, width: number, height: number): Uint8Array {
    const of = `${from.width} ${from.height} ${from.format}`;
    if (this.target?.of !== of) {
      this.release();
      const scaler = new this.library.SoftwareScaleContext();
      scaler.getContext(from.width, from.height, from.format, width, height, AV_PIX_FMT_RGB24, this.flags);
      const frame = new this.library.Frame();
      frame.alloc();
      Object.assign(frame, { width, height, format: AV_PIX_FMT_RGB24 });
      if (frame.allocBuffer() < 0) throw new DecodeFailure('there is no memory for a frame');
      this.target = { scaler, frame, of };
    }
    const { scaler, frame } = this.target;
    if (scaler.scaleFrameSync(frame, from) < 0) throw new DecodeFailure('its colours cannot be converted');
    // A copy of its own: the library's memory cannot change threads.
    const pixels = new Uint8Array(frame.toBuffer());
    if (pixels.length !== width * height * 3) throw new Error('internal: a frame buffer is not RGB without padding');
    return pixels;
  }

  release(): void {
    this.target?.scaler.freeContext();
    this.target?.frame.free();
    this.target = undefined;
  }
}
