/** How far something has come, from 0 to 1, as a bar. */
export function Meter({ value, label, className = '' }: { value: number; label: string; className?: string }) {
  const share = Math.min(1, Math.max(0, value));
  return (
    <div
      role="progressbar"
      aria-label={label}
      aria-valuenow={Math.round(share * 100)}
      aria-valuemin={0}
      aria-valuemax={100}
      className={`h-1.5 overflow-hidden rounded-full bg-line ${className}`}
    >
      <div
        className="h-full w-full origin-left rounded-full bg-accent transition-transform duration-300 ease-linear"
        style={{ transform: `scaleX(${share})` }}
      />
    </div>
  );
}
