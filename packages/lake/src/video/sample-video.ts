import { encodeJpeg, type RawImage } from '@fovea/image';
import { readFrames } from '@fovea/video';

/** Which frames of a video become pictures. */
export type VideoSampling =
  /** The first frame at or after each multiple of so many seconds. */
  | { readonly kind: 'interval'; readonly seconds: number }
  /** The first frame of each scene; the threshold, 0 to 1, is that of `readFrames`. */
  | { readonly kind: 'scenes'; readonly threshold?: number }
  | { readonly kind: 'all' };

/** A frame that was sampled. */
export interface SampledFrame {
  readonly timeSeconds: number;
  readonly image: RawImage;
}

/** Options of {@link sampleVideo}. */
export interface SampleVideoOptions {
  readonly by: VideoSampling;
  readonly signal?: AbortSignal;
  /** Told after each frame: how many there were, and when the last is shown. */
  readonly onProgress?: (progress: { readonly frames: number; readonly timeSeconds: number }) => void;
}

/**
 * The frames of a video file that a sampling chooses, in the order they are shown, one in memory at a time and a few
 * ahead.
 *
 * @throws FoveaError `unreadable_video`, `no_video_decoder`, `bad_option`; the signal's reason
 */
export async function* sampleVideo(path: string, options: SampleVideoOptions): AsyncGenerator<SampledFrame> {
  const { by, signal, onProgress } = options;
  const chosen =
    by.kind === 'interval'
      ? { everySeconds: by.seconds }
      : by.kind === 'scenes'
        ? { select: 'scenes' as const, ...(by.threshold !== undefined && { threshold: by.threshold }) }
        : {};
  let frames = 0;
  for await (const { timeSeconds, image } of readFrames(path, { ...chosen, ...(signal && { signal }) })) {
    yield { timeSeconds, image };
    onProgress?.({ frames: ++frames, timeSeconds });
  }
}

/** A frame as a file: JPEG of quality 95, 4:4:4. The same pixels give the same bytes. */
export function encodeFrame(image: RawImage): Promise<Uint8Array> {
  return encodeJpeg(image, 95);
}
