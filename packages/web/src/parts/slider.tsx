/** A labelled slider; the native control, so that keys, touch and screen readers work as everywhere. */
export function Slider({
  label,
  value,
  min,
  max,
  step,
  text,
  onChange,
  className = '',
  hideLabel = false,
}: {
  label: string;
  value: number;
  min: number;
  max: number;
  step: number;
  /** The value in words; always shown beside the track when there is one. */
  text?: string;
  onChange: (value: number) => void;
  className?: string;
  hideLabel?: boolean;
}) {
  const share = max > min ? ((value - min) / (max - min)) * 100 : 0;
  return (
    <label className={`flex items-center gap-3 text-13 text-ink-2 ${className}`}>
      <span className={hideLabel ? 'sr-only' : 'min-w-0 truncate'}>{label}</span>
      <input
        type="range"
        className="slider min-w-16 flex-1"
        style={{ '--share': `${share}%` } as React.CSSProperties}
        value={value}
        min={min}
        max={max}
        step={step}
        aria-valuetext={text}
        onChange={(event) => onChange(event.target.valueAsNumber)}
      />
      {text !== undefined && <span className="min-w-10 shrink-0 text-right font-medium text-ink">{text}</span>}
    </label>
  );
}
