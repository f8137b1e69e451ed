import { useTranslation } from 'react-i18next';

/** A span of days, either end open. */
export function DateFacet({
  label,
  span,
  value,
  onChange,
}: {
  label: string;
  /** First and last moment of the pictures; null where none has one. */
  span: { min: string; max: string } | null | undefined;
  value: string | undefined;
  onChange: (value: string | undefined) => void;
}) {
  const { t } = useTranslation('filter');
  const [from = '', to = from] = value?.split('..') ?? [];
  const send = (next: readonly [string, string]) => onChange(next[0] || next[1] ? next.join('..') : undefined);
  if (span === null) return <p className="px-1 text-ink-3">{t('noneHasIt')}</p>;
  const [least, most] = [span?.min.slice(0, 10), span?.max.slice(0, 10)];
  return (
    <div className="flex items-center gap-2 px-1">
      <input
        type="date"
        className="field"
        aria-label={t('from', { name: label })}
        value={from.slice(0, 10)}
        min={least}
        max={to.slice(0, 10) || most}
        onChange={(event) => send([event.target.value, to])}
      />
      <span className="text-ink-3">{t('to')}</span>
      <input
        type="date"
        className="field"
        aria-label={t('until', { name: label })}
        value={to.slice(0, 10)}
        min={from.slice(0, 10) || least}
        max={most}
        onChange={(event) => send([from, event.target.value])}
      />
    </div>
  );
}
