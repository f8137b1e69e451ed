import { type DetectorSize, detector, detectorStrides, smallDetector } from '../detector/architecture.js';
import type { DetectionNetwork } from '../network.js';

/** What fixes a detector's graphs: width and height are multiples of 32. */
export interface DetectorConfig {
  readonly classes: number;
  readonly width: number;
  readonly height: number;
  readonly size?: DetectorSize;
}

/** The detector that is trained from scratch, see {@link detector}. */
export function detectorNetwork({ classes, width, height, size = smallDetector }: DetectorConfig): DetectionNetwork {
  return {
    task: 'detection',
    classes,
    width,
    height,
    strides: detectorStrides,
    description: 'One-stage detector with a residual backbone and a feature pyramid, trained from scratch.',
    structure: { architecture: 'detector', size },
    build: (context, images) => detector(context, images, classes, size),
  };
}
