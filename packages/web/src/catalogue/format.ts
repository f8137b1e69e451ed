/**
 * Numbers, sizes, moments and spans as the reader's locale writes them: the reader's own where it is of the catalogue's
 * language (en-GB, en-IN, …), so that no sentence mixes two languages.
 */
const locale = navigator.languages.find((tag) => tag.split('-')[0] === 'en') ?? 'en';

const integer = new Intl.NumberFormat(locale, { maximumFractionDigits: 0 });
const percent = new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 0 });
const moment = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' });
const clock = new Intl.DateTimeFormat(locale, { timeStyle: 'medium' });
const relative = new Intl.RelativeTimeFormat(locale, { numeric: 'auto', style: 'short' });
const digits = new Map<number, Intl.NumberFormat>();

export const formatCount = (value: number): string => integer.format(value);

/** A share of one as whole percent. */
export const formatPercent = (share: number): string => percent.format(share);

const share = new Intl.NumberFormat(locale, { style: 'percent', minimumFractionDigits: 1, maximumFractionDigits: 1 });

/** A share of one as percent with a decimal, for shares that may be small. */
export const formatShare = (value: number): string => share.format(value);

/** A figure with a fixed number of decimals, so that columns line up; an en dash where there is none. */
export function formatFigure(value: number | null | undefined, decimals = 3): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return '–';
  let format = digits.get(decimals);
  if (!format) {
    format = new Intl.NumberFormat(locale, { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
    digits.set(decimals, format);
  }
  return format.format(value);
}

/** Three significant digits, for values of unknown scale such as a loss or a learning rate. */
export function formatSignificant(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return '–';
  const size = Math.abs(value);
  if (size !== 0 && size < 1e-3) return value.toExponential(1);
  return new Intl.NumberFormat(locale, { maximumSignificantDigits: 3 }).format(value);
}

const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const;

export function formatBytes(bytes: number): string {
  const power = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(bytes) / 3));
  return new Intl.NumberFormat(locale, {
    style: 'unit',
    unit: units[power],
    unitDisplay: power === 0 ? 'long' : 'short',
    maximumSignificantDigits: 3,
  }).format(bytes / 1000 ** power);
}

export const formatMoment = (iso: string): string => moment.format(new Date(iso));
export const formatClock = (iso: string): string => clock.format(new Date(iso));

/** "3 min. ago"; a date once it is more than a week past. */
export function formatAgo(iso: string, now = Date.now()): string {
  const seconds = (new Date(iso).getTime() - now) / 1000;
  const size = Math.abs(seconds);
  if (size < 45) return relative.format(0, 'second');
  if (size < 3600) return relative.format(Math.round(seconds / 60), 'minute');
  if (size < 86_400) return relative.format(Math.round(seconds / 3600), 'hour');
  if (size < 7 * 86_400) return relative.format(Math.round(seconds / 86_400), 'day');
  return moment.format(new Date(iso));
}

/** A span of seconds as its two greatest units: "1 h 04 min", "3 min 20 s", "45 s". */
export function formatSpan(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const part = (value: number, unit: 'hour' | 'minute' | 'second', pad = false) =>
    new Intl.NumberFormat(locale, { style: 'unit', unit, unitDisplay: 'short', minimumIntegerDigits: pad ? 2 : 1 })
      .format(value)
      .replace(/\.$/, '');
  if (whole >= 3600)
    return `${part(Math.floor(whole / 3600), 'hour')} ${part(Math.floor((whole % 3600) / 60), 'minute', true)}`;
  if (whole >= 60) return `${part(Math.floor(whole / 60), 'minute')} ${part(whole % 60, 'second', true)}`;
  return part(whole, 'second');
}

/** Milliseconds, a decimal below ten. */
export const formatMilliseconds = (ms: number): string => `${formatFigure(ms, ms < 10 ? 1 : 0)} ms`;

const list = new Intl.ListFormat(locale, { type: 'conjunction' });

/** "disc, block and ring". */
export const formatList = (names: readonly string[]): string => list.format(names);
