import { useTranslation } from 'react-i18next';

const channels = [
  ['red', '#e5484d'],
  ['green', '#2f9e62'],
  ['blue', '#4a90f0'],
] as const;

/** How often each brightness occurs in the red, green and blue of a picture, over one another. */
export function ChannelHistogram({ facts }: { facts: Readonly<Record<string, unknown>> }) {
  const { t } = useTranslation('picture');
  const drawn = channels.flatMap(([name, colour]) => {
    const bins = facts[`${name}Histogram`];
    return Array.isArray(bins) && bins.length > 1 ? [{ name, colour, bins: bins as number[] }] : [];
  });
  if (drawn.length === 0) return null;
  // One bin that holds nearly all, as a sky's, would flatten the rest: heights go by the square root.
  const most = Math.sqrt(Math.max(1, ...drawn.flatMap(({ bins }) => bins)));
  return (
    <figure>
      <svg
        viewBox="0 0 256 80"
        preserveAspectRatio="none"
        className="h-24 w-full rounded-sm bg-sunken"
        role="img"
        aria-label={t('histogram')}
      >
        {drawn.map(({ name, colour, bins }) => {
          const step = 256 / bins.length;
          const line = bins
            .map((count, bin) => {
              const y = (80 - (Math.sqrt(count) / most) * 76).toFixed(1);
              return `L${bin * step} ${y}H${(bin + 1) * step}`;
            })
            .join('');
          return (
            <path
              key={name}
              d={`M0 80${line}V80Z`}
              fill={colour}
              fillOpacity={0.28}
              stroke={colour}
              strokeWidth={1}
              vectorEffect="non-scaling-stroke"
            />
          );
        })}
      </svg>
      <figcaption className="mt-1 text-12 text-ink-3">{t('histogram')}</figcaption>
    </figure>
  );
}
