import { type ComponentProps, useId } from 'react';

/** A field with its name above and what it means below. */
export function Field({
  label,
  hint,
  onChange,
  ...rest
}: Omit<ComponentProps<'input'>, 'onChange'> & { label: string; hint: string; onChange: (value: string) => void }) {
  const id = useId();
  return (
    <div>
      <label htmlFor={id} className="mb-1 block font-medium">
        {label}
      </label>
      <input
        id={id}
        className="field"
        aria-describedby={`${id}-hint`}
        onChange={(event) => onChange(event.target.value)}
        {...rest}
      />
      <p id={`${id}-hint`} className="mt-1 text-12 text-ink-3">
        {hint}
      </p>
    </div>
  );
}
