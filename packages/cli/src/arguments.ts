import { InvalidArgumentError } from 'commander';

/** Parser of a whole number within bounds, for an option. */
export function integer(min: number, max = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = /^[+-]?\d+$/.test(text.trim()) ? Number(text) : Number.NaN;
    if (!(value >= min && value <= max)) {
      const range = max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`;
      throw new InvalidArgumentError(`It takes a whole number ${range}.`);
    }
    return value;
  };
}

/** Parser of a number within bounds, for an option. */
export function number(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = text.trim() === '' ? Number.NaN : Number(text);
    if (!(value >= min && value <= max)) throw new InvalidArgumentError(`It takes a number from ${min} to ${max}.`);
    return value;
  };
}

const unitBytes: Readonly<Record<string, number>> = { '': 1, kb: 1e3, mb: 1e6, gb: 1e9, tb: 1e12 };

/** Parser of a size such as 20GB, 500MB or 0, in bytes; units are powers of 1000. */
export function bytes(text: string): number {
  const match = /^(\d+(?:\.\d+)?) ?([kmgt]b)?$/i.exec(text.trim());
  const value = match ? Math.round(Number(match[1]) * unitBytes[(match[2] ?? '').toLowerCase()]!) : Number.NaN;
  if (!Number.isSafeInteger(value)) throw new InvalidArgumentError('It takes a size such as 20GB, 500MB or 0.');
  return value;
}

/** Parser of `--server`. */
export function serverUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !['http:', 'https:'].includes(url.protocol)) {
    throw new InvalidArgumentError('It takes an address like http://127.0.0.1:8420.');
  }
  return text.replace(/\/+$/, '');
}
