import { FoveaError } from '@fovea/annotations';

/** Throws `invalid_input_size` unless both sides of an input are multiples of `multiple`. */
export function requireMultiple(width: number, height: number, multiple: number): void {
  const fits = (length: number) => Number.isInteger(length) && length > 0 && length % multiple === 0;
  if (fits(width) && fits(height)) return;
  const near = (length: number) => Math.max(1, Math.round(length / multiple) || 1) * multiple;
  throw new FoveaError(
    'invalid_input_size',
    `The network's input cannot be ${width}x${height}: both sides must be multiples of ${multiple}, ` +
      `for instance ${near(width)}x${near(height)}.`,
    { width, height, multiple },
  );
}
