/** One of a few, side by side. */
export function Choices<V extends string>({
  label,
  value,
  options,
  onChange,
}: {
  label: string;
  value: V;
  options: readonly { readonly value: V; readonly text: string; readonly note?: string }[];
  onChange: (value: V) => void;
}) {
  return (
    <fieldset aria-label={label} className="flex min-w-0 flex-wrap gap-1">
      {options.map(({ value: own, text, note }) => (
        <button
          key={own}
          type="button"
          aria-pressed={own === value}
          onClick={() => onChange(own)}
          className="inline-flex h-8 items-center gap-2 rounded-md px-3 text-ink-2 hover:bg-hover hover:text-ink aria-pressed:bg-accent-soft aria-pressed:font-medium aria-pressed:text-accent"
        >
          {text}
          {note !== undefined && <span className="text-12 font-normal">{note}</span>}
        </button>
      ))}
    </fieldset>
  );
}
