import { LabelledControl } from './field.js';

/** One of a few choices; `disabled` ones are shown, since knowing of them helps. */
export interface SelectOption {
  readonly value: string;
  readonly text: string;
  readonly disabled?: boolean;
}

/** Choices under a heading; without one, they stand first. */
export interface SelectGroup {
  readonly label?: string;
  readonly options: readonly SelectOption[];
}

/** A choice among a few with its name above and what it means below; the native control, as with every other. */
export function SelectField({
  label,
  hint,
  value,
  groups,
  onChange,
}: {
  label: string;
  hint: string;
  value: string;
  groups: readonly SelectGroup[];
  onChange: (value: string) => void;
}) {
  return (
    <LabelledControl
      label={label}
      hint={hint}
      control={(ids) => (
        <select {...ids} className="field" value={value} onChange={(event) => onChange(event.target.value)}>
          {groups
            .filter(({ options }) => options.length > 0)
            .map(({ label: group, options }) => {
              const items = options.map(({ value: own, text, disabled }) => (
                <option key={own} value={own} disabled={disabled}>
                  {text}
                </option>
              ));
              return group === undefined ? (
                items
              ) : (
                <optgroup key={group} label={group}>
                  {items}
                </optgroup>
              );
            })}
        </select>
      )}
    />
  );
}
