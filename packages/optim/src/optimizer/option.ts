import { OptimError } from './optimizer.js';

/** Throws `invalid_option` unless `low` <= `value` <= `high`, or < `high` where `open`. */
export function checkOption(name: string, value: number, low: number, high: number, open = false): void {
  if (value >= low && (open ? value < high : value <= high)) return;
  throw new OptimError(
    'invalid_option',
    `${name} is ${value}; it must be at least ${low} and ${open ? 'below' : 'at most'} ${high}.`,
    { name, value },
  );
}
