/**
 * An error meant for a person: what was wrong, where, and what would be right.
 *
 * `code` is stable snake_case (`unreadable_image`); programs branch on it, never on the message. `details` carries the
 * values involved (what was expected, what came, which input).
 */
export class FoveaError extends Error {
  readonly code: string;
  readonly details: Record<string, unknown> | undefined;

  constructor(code: string, message: string, details?: Record<string, unknown>, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'FoveaError';
    this.code = code;
    this.details = details;
  }
}
