import { createHash } from 'node:crypto';

/**
 * What a frame without bytes of its own is known by: the SHA-256 of the text `fovea-frame <video's SHA-256> <time>`, the
 * time in whole microseconds.
 */
export function frameAddress(videoSha256: string, timeSeconds: number): string {
  return createHash('sha256')
    .update(`fovea-frame ${videoSha256} ${toMicros(timeSeconds)}`)
    .digest('hex');
}

/** A frame's name: its video's, and when it is shown, `street.mp4@00-01-23.400.jpg`. */
export function frameName(videoName: string, timeSeconds: number): string {
  const millis = Math.floor(toMicros(timeSeconds) / 1000);
  const pad = (value: number, digits = 2) => String(Math.floor(value)).padStart(digits, '0');
  const clock = [millis / 3_600_000, (millis / 60_000) % 60, (millis / 1000) % 60].map((value) => pad(value)).join('-');
  return `${videoName}@${clock}.${pad(millis % 1000, 3)}.jpg`;
}

/** Frames' times are told apart to the microsecond. */
export function toMicros(timeSeconds: number): number {
  return Math.round(timeSeconds * 1e6);
}
