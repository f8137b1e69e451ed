import { FoveaError } from '@fovea/annotations';
import type { Problem } from '@fovea/formats';
import type { Home } from '@fovea/store';
export type VideoSampling =
  | { readonly kind: 'interval'; readonly seconds: number }
  | { readonly kind: 'scenes'; readonly threshold?: number }
  | { readonly kind: 'all' };
export interface IngestedVideo {
  readonly sha256: string;
  readonly status: 'ingested' | 'duplicate';
  readonly frames: number;
  readonly newFrames: number;
  readonly problems: readonly Problem[];
}
export async function ingestVideo(
  _home: Home,
  _projectId: number,
  _video: { path: string; name: string; location?: string },
  _options: {
    by: VideoSampling;
    copyFrames?: boolean;
    signal?: AbortSignal;
    onProgress?: (p: { newFrames: number }) => void;
  },
): Promise<IngestedVideo> {
  throw new FoveaError('unreadable_video', 'Videos come soon.');
}
