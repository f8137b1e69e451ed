/** What a command comes to: the JSON object, the lines for people, and whether it did what it was asked to. */
export interface Outcome {
  /** Null where the command has said it already. */
  readonly json: Record<string, unknown> | null;
  readonly lines: readonly string[];
  /** Exit code 0, or 1 where the command was stopped before its end. */
  readonly exitCode: 0 | 1;
}

/** A command that did what it was asked to. */
export function done(json: Record<string, unknown>, lines: readonly string[]): Outcome {
  return { json, lines, exitCode: 0 };
}

/** A command that was stopped before its end. */
export function stopped(json: Record<string, unknown>, lines: readonly string[]): Outcome {
  return { json, lines, exitCode: 1 };
}
