import { readFileSync } from 'node:fs';

/** Cases of one task with what scikit-learn says of them; see fixtures/record-scores.py. */
export function readRecorded<T>(task: string): T[] {
  const path = process.env.FOVEA_RECORDED_SCORES ?? new URL('../fixtures/scores.jsonl', import.meta.url);
  const lines = readFileSync(path, 'utf8').trim().split('\n');
  return lines.map((line) => JSON.parse(line)).filter((entry) => entry.task === task);
}

/** Whether both say the same to 1e-12, null being null. */
export function agrees(a: readonly (number | null)[], b: readonly (number | null)[]): boolean {
  return (
    a.length === b.length &&
    a.every((value, at) => {
      const other = b[at]!;
      return value === null || other === null ? value === other : Math.abs(value - other) < 1e-12;
    })
  );
}
