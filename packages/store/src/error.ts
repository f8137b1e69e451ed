/**
 * An error of the store whose message a user can act on.
 *
 * Same shape as the error class of `@fovea/annotations` (this room imports nothing), so everybody tests with `'code' in e`.
 */
export class StoreError extends Error {
  override readonly name = 'StoreError';
  /** Stable snake_case code, e.g. `disk_full`. */
  readonly code: string;
  /** The values behind the sentence: what was expected, what came. */
  readonly details: Record<string, unknown> | undefined;

  constructor(code: string, message: string, details?: Record<string, unknown>, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
    this.details = details;
  }
}

/** The `code` of a Node or PostgreSQL error, looked for in the error and in its causes; `undefined` where none has one. */
export function systemCode(error: unknown): string | undefined {
  for (let at: unknown = error, depth = 0; at instanceof Error && depth < 8; at = at.cause, depth++) {
    const code = (at as { code?: unknown }).code;
    if (typeof code === 'string') return code;
  }
  return undefined;
}

const NOT_WRITABLE = new Set(['EROFS', 'EACCES', 'EPERM']);
const FULL = new Set(['ENOSPC', 'EDQUOT', '53100']);

/** The error for a disk with no room left, naming the folder. */
export function diskFull(folder: string, cause?: unknown): StoreError {
  return new StoreError(
    'disk_full',
    `The disk that holds ${folder} is full. Nothing saved before is lost: free some space and start again.`,
    { folder },
    { cause },
  );
}

/** The error for a folder that cannot be written, naming it. */
export function homeNotWritable(folder: string, cause?: unknown): StoreError {
  return new StoreError(
    'home_not_writable',
    `${folder} cannot be written (${systemCode(cause) ?? 'read-only'}). ` +
      'Fovea keeps its database and pictures there: make the folder writable for this user, ' +
      'or choose another with --home or FOVEA_HOME.',
    { folder },
    { cause },
  );
}

/**
 * Turns a failed write into the sentence a user needs: `disk_full` for a full disk (also PostgreSQL's 53100),
 * `home_not_writable` for a read-only or forbidden folder, and the error itself for everything else.
 */
export function storageError(error: unknown, folder: string): unknown {
  if (error instanceof StoreError) return error;
  const code = systemCode(error);
  if (code !== undefined && FULL.has(code)) return diskFull(folder, error);
  if (code !== undefined && NOT_WRITABLE.has(code)) return homeNotWritable(folder, error);
  return error;
}
