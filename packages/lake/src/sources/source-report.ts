import type { Problem } from '@fovea/formats';
import { endingOf } from './file-name.js';
import type { Source } from './source.js';

const MAX_PROBLEMS = 10_000;
const MAX_ENDINGS = 1_000;

/** What a source leaves out, told as it goes. */
export interface SourceReport extends Pick<Source, 'problems' | 'furtherProblems' | 'skipped' | 'ignored'> {
  /** @param skips pictures and videos left out with it */
  tell(file: string, code: string, reason: string, skips?: number): void;
  /** Counts a file that is no picture and no video. */
  ignore(name: string): void;
}

/** A report with nothing in it. */
export function openReport(onProblem?: (problem: Problem) => void): SourceReport {
  const problems: Problem[] = [];
  const ignored = new Map<string, number>();
  const counts = { further: 0, skipped: 0 };
  return {
    problems,
    ignored,
    get furtherProblems() {
      return counts.further;
    },
    get skipped() {
      return counts.skipped;
    },
    tell: (file, code, reason, skips = 0) => {
      const problem = { file, code, reason };
      if (problems.length < MAX_PROBLEMS) problems.push(problem);
      else counts.further++;
      counts.skipped += skips;
      onProblem?.(problem);
    },
    ignore: (name) => {
      const ending = endingOf(name);
      const key = ignored.has(ending) || ignored.size < MAX_ENDINGS ? ending : '';
      ignored.set(key, (ignored.get(key) ?? 0) + 1);
    },
  };
}
