import { FoveaError } from '@fovea/annotations';
import type { Home } from '@fovea/store';
import type { Context } from 'hono';
import { HTTPException } from 'hono/http-exception';

type Status = 400 | 403 | 404 | 405 | 409 | 413 | 415 | 416 | 422 | 500 | 503 | 507;

const statusByCode: Record<string, Status> = {
  forbidden_host: 403,
  forbidden_origin: 403,
  method_not_allowed: 405,
  model_name_taken: 409,
  snapshot_in_use: 409,
  too_large: 413,
  unsupported_media_type: 415,
  range_beyond: 416,
  overloaded: 503,
  shutting_down: 503,
  database_lost: 503,
  database_unreachable: 503,
  home_not_writable: 503,
  storage_unreachable: 503,
  storage_denied: 503,
  storage_no_bucket: 503,
  disk_full: 507,
};

const statusByShape: readonly (readonly [RegExp, Status])[] = [
  [/^unknown_/, 404],
  [/^(invalid|bad|empty)_/, 400],
  [/_(exists|taken|busy)$|^run_(finished|running)$/, 409],
];

/**
 * The one error path: whatever a route throws becomes the API's error shape with the status its code asks for. An error
 * that is none of Fovea's is a bug: it is answered without its text, and shown on the server's own stderr.
 */
export async function answerFailure(thrown: unknown, c: Context, home: Home): Promise<Response> {
  const error = isFoveaError(thrown) ? thrown : await home.explain(fromHttp(thrown)).catch(() => thrown);
  if (!isFoveaError(error)) {
    console.error(`${c.req.method} ${c.req.path} failed:`, thrown);
    return answer(c, 500, 'internal', 'Something went wrong inside Fovea; its log says what.');
  }
  const status = statusOf(error.code);
  if (status === 503) c.header('Retry-After', '2');
  return answer(c, status, error.code, error.message, error.details);
}

/** Whether something thrown is meant for people: an error with a stable snake_case code, whichever room's class it is. */
export function isFoveaError(error: unknown): error is FoveaError {
  return (
    error instanceof Error && 'code' in error && /^[a-z][a-z0-9]*(_[a-z0-9]+)+$|^overloaded$/.test(String(error.code))
  );
}

function statusOf(code: string): Status {
  const exact = statusByCode[code];
  if (exact) return exact;
  return statusByShape.find(([shape]) => shape.test(code))?.[1] ?? 422;
}

/** hono's own exceptions: of a body that is not JSON, of a media type that the route does not take. */
function fromHttp(thrown: unknown): unknown {
  if (!(thrown instanceof HTTPException)) return thrown;
  if (thrown.status === 415) {
    return new FoveaError(
      'unsupported_media_type',
      'This route takes JSON: send it with Content-Type: application/json.',
    );
  }
  return new FoveaError('invalid_request', `The request cannot be read: ${thrown.message}.`, undefined, {
    cause: thrown,
  });
}

function answer(
  c: Context,
  status: Status,
  code: string,
  message: string,
  details?: Record<string, unknown>,
): Response {
  return c.json({ error: { code, message, ...(details && { details }) } }, status, { 'Cache-Control': 'no-store' });
}

interface Issue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/** The error of a request that its schema refuses: names the first field that is wrong, lists all in `details`. */
export function invalidRequest(target: string, issues: readonly Issue[]): FoveaError {
  const where = { json: 'body', query: 'query', param: 'path', form: 'form' }[target] ?? target;
  const said = issues.map((issue) => ({ field: issue.path.map(String).join('.') || where, message: issue.message }));
  const [first] = said;
  return new FoveaError(`invalid_${where}`, `The ${where} is not right: ${first?.field}: ${first?.message}.`, {
    issues: said,
  });
}
