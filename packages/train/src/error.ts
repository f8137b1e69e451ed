/** An error of training: `code` is stable, `message` says what was wrong, where, and what would be right. */
export class TrainError extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly details: Record<string, unknown> = {},
    options?: { cause?: unknown },
  ) {
    super(message, options);
    this.name = 'TrainError';
  }
}
