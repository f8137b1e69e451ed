import type { RawImage } from '@fovea/image';
import { NoFrameYet, type ReadPlan, type ShownFrame, type VideoFrame } from './frame.js';
import { SceneDetector } from './scene-detector.js';

type Awaitable<T> = T | Promise<T>;

/** A decoded frame under a cursor; it may be converted until the second move after it. */
export interface CursorFrame {
  /** From the start of the file; undefined where, after a seek, nothing tells it. */
  readonly micros: number | undefined;
  readonly isKey: boolean;
  toImage(): Awaitable<RawImage>;
  /** Luma of a small picture, see `SceneDetector`. */
  toSmall(): Awaitable<Float32Array>;
}

/** A place in a video, which moves from frame to frame in the order of showing. */
export interface FrameCursor {
  next(): Awaitable<CursorFrame | undefined>;
  /**
   * Goes to a place that decoding can begin at, at or before a time as well as the container knows; to the very start for
   * null. False where the container cannot seek.
   */
  seek(micros: number | null): Awaitable<boolean>;
}

/** How far before a time it is tried to begin, when beginning nearer does not lead to its frame. */
const STEPS_BACK = [0, 1e6, 5e6, 20e6, 80e6];
/** Going forward this far costs about as much as seeking; the distance of key frames, where it is known, tells better. */
const REACH_MICROS = 2e6;

/** A frame with its time known. */
interface TimedFrame extends CursorFrame {
  readonly micros: number;
}

/**
 * Finds the frame shown at a time: the one whose time is the greatest not above it. It begins at a key frame before and
 * decodes forward; frames that are shown before the first key frame that was decoded may refer to frames that were not,
 * and are no answer. Where the container's seeking does not lead there, it begins earlier, and at last at the start.
 */
export class FramePosition {
  private shown: TimedFrame | undefined;
  private ahead: TimedFrame | undefined;
  private isPlaced = false;
  private keyMicros: number | undefined;
  private keyDistance = 0;

  constructor(private readonly cursor: FrameCursor) {}

  /**
   * Goes to where `shown` is the frame at this time, or, before the first frame, `shown` is undefined and `ahead` the
   * first. @returns the time that was sought; null for the start, undefined where going forward was enough
   */
  async place(micros: number): Promise<number | null | undefined> {
    if (this.isWithinReach(micros)) {
      await this.forward(micros);
      return undefined;
    }
    for (const back of STEPS_BACK) {
      const from = micros - back;
      if (from <= 0 || !(await this.cursor.seek(from))) break;
      const outcome = await this.begin(micros);
      if (outcome === 'placed') return from;
      if (outcome === 'start') break;
    }
    if (!(await this.cursor.seek(null))) throw new Error('internal: a decoder does not start');
    this.shown = undefined;
    this.ahead = timed(await this.cursor.next());
    this.isPlaced = true;
    this.note(this.ahead);
    await this.forward(micros);
    return null;
  }

  /** @throws NoFrameYet where the first frame comes later */
  async at(micros: number): Promise<ShownFrame | undefined> {
    await this.place(micros);
    const { shown, ahead } = this;
    if (shown !== undefined) return { timeSeconds: shown.micros / 1e6, image: await shown.toImage() };
    if (ahead !== undefined) throw new NoFrameYet(ahead.micros);
    return undefined;
  }

  /** The frames at or after a time; the position is theirs from then on. */
  async *from(micros: number): AsyncGenerator<TimedFrame> {
    await this.place(micros);
    const { shown, ahead } = this;
    this.isPlaced = false;
    if (shown !== undefined && shown.micros >= micros) yield shown;
    if (ahead === undefined) return;
    yield ahead;
    while (true) {
      const frame = timed(await this.cursor.next());
      if (frame === undefined) return;
      yield frame;
    }
  }

  private isWithinReach(micros: number): boolean {
    if (!this.isPlaced) return false;
    const { shown, ahead } = this;
    if (shown !== undefined && micros < shown.micros) return false;
    if (ahead === undefined || micros < ahead.micros) return true;
    return micros - (shown ?? ahead).micros <= Math.max(REACH_MICROS, this.keyDistance);
  }

  /**
   * After a seek: from the first key frame on, if that is not too late. What says that it is the start is not believed:
   * decoders call a frame so of which they do not know the time.
   */
  private async begin(micros: number): Promise<'placed' | 'late' | 'start'> {
    this.isPlaced = false;
    this.keyMicros = undefined;
    let key: CursorFrame | undefined;
    while (!key?.isKey) {
      key = await this.cursor.next();
      if (key?.micros === undefined || key.micros > micros) return 'late';
      if (key.micros <= 0) return 'start';
    }
    this.shown = key as TimedFrame;
    this.note(this.shown);
    const next = await this.cursor.next();
    if (next !== undefined && next.micros === undefined) return 'late';
    this.ahead = next as TimedFrame | undefined;
    this.isPlaced = true;
    await this.forward(micros);
    return 'placed';
  }

  private async forward(micros: number): Promise<void> {
    while (this.ahead !== undefined && this.ahead.micros <= micros) {
      this.shown = this.ahead;
      this.note(this.shown);
      this.ahead = timed(await this.cursor.next());
    }
  }

  private note(frame: TimedFrame | undefined): void {
    if (!frame?.isKey) return;
    if (this.keyMicros !== undefined) this.keyDistance = Math.max(this.keyDistance, frame.micros - this.keyMicros);
    this.keyMicros = frame.micros;
  }
}

/** Without a seek a cursor always tells the time, if need be by counting. */
function timed(frame: CursorFrame | undefined): TimedFrame | undefined {
  if (frame !== undefined && frame.micros === undefined) throw new Error('internal: a frame without its time');
  return frame as TimedFrame | undefined;
}

/** The frames a plan asks for; only those are converted. */
export async function* selectFrames(cursor: FrameCursor, plan: ReadPlan): AsyncGenerator<VideoFrame> {
  const frames = new FramePosition(cursor).from(plan.fromMicros);
  if (plan.sceneThreshold !== null) {
    yield* selectScenes(frames, plan, plan.sceneThreshold);
    return;
  }
  let index = -1;
  let lastCell = firstCell(plan) - 1;
  for await (const frame of frames) {
    index++;
    if (frame.micros >= plan.toMicros) return;
    if (plan.everyMicros !== null) {
      const cell = cellOf(frame.micros, plan.everyMicros);
      if (cell <= lastCell) continue;
      lastCell = cell;
    } else if (index % plan.everyNth !== 0) continue;
    yield { index, timeSeconds: frame.micros / 1e6, image: await frame.toImage() };
  }
}

async function* selectScenes(
  frames: AsyncIterable<TimedFrame>,
  plan: ReadPlan,
  threshold: number,
): AsyncGenerator<VideoFrame> {
  const detector = new SceneDetector(threshold);
  let perhaps: VideoFrame | undefined;
  let index = -1;
  for await (const frame of frames) {
    index++;
    if (frame.micros >= plan.toMicros) break;
    const { confirms, verdict } = detector.push(await frame.toSmall(), frame.micros);
    if (confirms && perhaps !== undefined) yield perhaps;
    perhaps = undefined;
    if (verdict === 'same') continue;
    const taken = { index, timeSeconds: frame.micros / 1e6, image: await frame.toImage() };
    if (verdict === 'scene') yield taken;
    else perhaps = taken;
  }
  if (perhaps !== undefined && detector.end()) yield perhaps;
}

/** Which multiple of the interval a time is at or after. Half a microsecond is what rounding may have taken. */
function cellOf(micros: number, everyMicros: number): number {
  return Math.floor((micros + 0.5) / everyMicros);
}

/** The first multiple that is asked for. */
export function firstCell({ fromMicros, everyMicros }: ReadPlan): number {
  return everyMicros === null ? 0 : Math.ceil((fromMicros - 0.5) / everyMicros);
}
