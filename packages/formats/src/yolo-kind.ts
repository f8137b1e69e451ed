import { FoveaError } from '@fovea/annotations';
import type { FormatName } from './names.js';
import { parseNumber } from './number.js';
import type { YoloData } from './yolo-names.js';

/** The kinds of YOLO's label lines. */
export type YoloKind = Extract<FormatName, 'yolo' | 'yolo-segment' | 'yolo-pose' | 'yolo-obb'>;

const TASKS: Record<string, YoloKind> = {
  detect: 'yolo',
  segment: 'yolo-segment',
  pose: 'yolo-pose',
  obb: 'yolo-obb',
};

/**
 * What lines of a data set's label files have in common: how many numbers follow the class, which tells the kind. 4 are
 * a box (5 with a confidence); an even number from 6 a polygon; 8 as well the corners of a rotated box; 4 and two or
 * three for each key point a pose.
 */
export class YoloLines {
  private readonly counts = new Map<number, { lines: number; mayBePose: boolean; file: string; line: number }>();

  add(text: string, file: string): void {
    text.split(/\r?\n/).forEach((line, index) => {
      const fields = line.trim().split(/\s+/);
      const count = fields.length - 1;
      if (count < 4) return;
      const seen = this.counts.get(count);
      // Where a third number per point is anything but 0, 1 or 2, these are no key points.
      const mayBePose =
        count > 6 &&
        (count - 4) % 3 === 0 &&
        seen?.mayBePose !== false &&
        fields.every((field, at) => at < 5 || (at - 5) % 3 !== 2 || [0, 1, 2].includes(parseNumber(field)));
      if (seen) {
        seen.lines++;
        seen.mayBePose = mayBePose;
      } else this.counts.set(count, { lines: 1, mayBePose, file, line: index + 1 });
    });
  }

  /**
   * The kind of all lines.
   *
   * @throws FoveaError `ambiguous_format` naming the kinds it may be
   */
  tell(data: YoloData): YoloKind {
    if (data.task !== undefined && Object.hasOwn(TASKS, data.task)) return TASKS[data.task]!;
    if (data.keypointShape) return 'yolo-pose';
    const counts = [...this.counts.keys()].filter((count) => count > 5);
    if (counts.length === 0) return 'yolo';
    const shapes = counts.filter((count) => count % 2 === 0);
    const poses = counts.filter((count) => this.counts.get(count)!.mayBePose);
    if (poses.length === 1 && counts.length === 1) {
      if (poses[0]! % 2 === 1) return 'yolo-pose';
      throw this.ambiguous(['yolo-segment', 'yolo-pose'], poses[0]!);
    }
    if (shapes.some((count) => count !== 8)) return 'yolo-segment';
    if (counts.every((count) => count === 8 || count === 9) && counts.includes(8)) {
      // A box among them is what sets of polygons have, and sets of rotated boxes have not.
      if (this.counts.has(4)) return 'yolo-segment';
      throw this.ambiguous(['yolo-segment', 'yolo-obb'], 8);
    }
    return counts.includes(9) && counts.length === 1 ? 'yolo-obb' : 'yolo-segment';
  }

  /** The numbers of each key point where no data file says them: three, or undefined where lines differ. */
  keypointShape(): readonly [number, number] | undefined {
    const counts = [...this.counts.keys()].filter((count) => count > 5);
    return counts.length === 1 && (counts[0]! - 4) % 3 === 0 ? [(counts[0]! - 4) / 3, 3] : undefined;
  }

  private ambiguous(candidates: readonly YoloKind[], count: number): FoveaError {
    const { file, line } = this.counts.get(count)!;
    const what: Record<YoloKind, string> = {
      yolo: 'a box',
      'yolo-segment': `a polygon of ${count / 2} corners`,
      'yolo-obb': 'the corners of a rotated box',
      'yolo-pose': `a box with ${(count - 4) / 3} key points`,
    };
    const choices = candidates.map((kind) => `${what[kind]} (--format ${kind})`).join(' or ');
    return new FoveaError(
      'ambiguous_format',
      `The ${count} numbers after the class in ${file}, line ${line}, may be ${choices}, and no data.yaml with "task" or ` +
        '"kpt_shape" tells which: say it.',
      { candidates, file, line },
    );
  }
}
