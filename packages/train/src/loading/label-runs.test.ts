import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeLabelRuns, encodeLabelRuns } from './label-runs.js';

describe('label runs', () => {
  it('give back any map, and never take more than a byte more than it', () => {
    const noise = fc.uint8Array({ maxLength: 400 });
    const blocks = fc
      .array(fc.tuple(fc.integer({ min: 0, max: 255 }), fc.integer({ min: 1, max: 40_000 })), { maxLength: 8 })
      .map((parts) => Uint8Array.from(parts.flatMap(([label, length]) => Array(length).fill(label))));
    fc.assert(
      fc.property(fc.oneof(noise, blocks), (labels) => {
        const bytes = encodeLabelRuns(labels);
        expect(bytes.length).toBeLessThanOrEqual(labels.length + 1);
        expect(Buffer.compare(decodeLabelRuns(bytes, labels.length), labels)).toBe(0);
      }),
    );
  });

  it('take a few bytes for a map of a few areas', () => {
    const labels = new Uint8Array(1920 * 1080).fill(3, 0, 1_000_000).fill(255, 1_000_000);
    expect(encodeLabelRuns(labels).length).toBe(1 + 1 + 3 + 1 + 3);
  });
});
