/** An error about what a layer or a loss was asked for; `code` is stable. */
export class NnError extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly details: Record<string, unknown> = {},
  ) {
    super(message);
    this.name = 'NnError';
  }
}
