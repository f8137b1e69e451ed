import type { ErrorBody } from './resources.js';

/** What the client throws when the server answers an error, or cannot be reached (`status` 0, code `unreachable`). */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  constructor(
    readonly code: string,
    message: string,
    readonly status: number,
    readonly details?: Record<string, unknown>,
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }
}

/** Turns an error body into an ApiError; a body that is not Fovea's (a proxy's page) becomes code `http_<status>`. */
export function toApiError(body: unknown, response: Response): ApiError {
  const error = (body as Partial<ErrorBody> | null | undefined)?.error;
  if (error && typeof error.code === 'string') {
    return new ApiError(error.code, error.message, response.status, error.details);
  }
  return new ApiError(
    `http_${response.status}`,
    `${response.url} answered ${response.status} ${response.statusText}, which is not an answer of a Fovea server.`.trim(),
    response.status,
  );
}
