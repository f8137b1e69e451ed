import { type ComponentProps, type ReactNode, useId } from 'react';

/** A control with its name above and what it means below; `control` is given its id and that of what describes it. */
export function LabelledControl({
  label,
  hint,
  control,
}: {
  label: string;
  hint: string;
  control: (ids: { id: string; 'aria-describedby': string }) => ReactNode;
}) {
  const id = useId();
  return (
    <div>
      <label htmlFor={id} className="mb-1 block font-medium">
        {label}
      </label>
      {control({ id, 'aria-describedby': `${id}-hint` })}
      <p id={`${id}-hint`} className="mt-1 text-12 text-ink-3">
        {hint}
      </p>
    </div>
  );
}

/** A text field with its name above and what it means below. */
export function Field({
  label,
  hint,
  onChange,
  ...rest
}: Omit<ComponentProps<'input'>, 'onChange'> & { label: string; hint: string; onChange: (value: string) => void }) {
  return (
    <LabelledControl
      label={label}
      hint={hint}
      control={(ids) => (
        <input {...ids} className="field" onChange={(event) => onChange(event.target.value)} {...rest} />
      )}
    />
  );
}
