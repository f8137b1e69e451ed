/** One thing skipped or changed; lake's and the API's problems are both of this shape. */
export interface Problem {
  readonly file: string;
  readonly line?: number;
  readonly code: string;
  readonly reason: string;
}

/** Most problems that are listed for people; `--json` has all. */
const shown = 20;

/** Problems as lines for people, `file:line: reason`, the first ones in full. */
export function sayProblems(problems: readonly Problem[]): string[] {
  const lines = problems
    .slice(0, shown)
    .map(({ file, line, reason }) => `  ${file}${line === undefined ? '' : `:${line}`}: ${reason}`);
  if (problems.length > shown) lines.push(`  … and ${problems.length - shown} more (--json lists all)`);
  return problems.length === 0
    ? []
    : [`${problems.length} ${problems.length === 1 ? 'problem' : 'problems'}:`, ...lines];
}
