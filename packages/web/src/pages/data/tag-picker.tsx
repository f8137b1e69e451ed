import { Popover } from '@base-ui/react/popover';
import { Plus } from 'lucide-react';
import { type ReactElement, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { formatCount } from '../../catalogue/format.js';

/** A tag to choose among those the project has, or a new one to type. */
export function TagPicker({
  trigger,
  label,
  known,
  isNewAllowed,
  open,
  onOpenChange,
  onPick,
}: {
  trigger: ReactElement;
  label: string;
  known: readonly { readonly value: string; readonly count?: number }[];
  isNewAllowed: boolean;
  open: boolean;
  onOpenChange: (open: boolean) => void;
  onPick: (tag: string) => void;
}) {
  const { t } = useTranslation('data');
  const [text, setText] = useState('');
  const [at, setAt] = useState(0);
  const words = text.trim();
  const found = known.filter(({ value }) => value.toLocaleLowerCase().includes(words.toLocaleLowerCase()));
  const isNew = isNewAllowed && words !== '' && !known.some(({ value }) => value === words);
  const choices = [...(isNew ? [words] : []), ...found.map(({ value }) => value)].slice(0, 50);
  const pick = (tag: string | undefined) => {
    if (tag === undefined) return;
    onOpenChange(false);
    setText('');
    onPick(tag);
  };
  return (
    <Popover.Root open={open} onOpenChange={onOpenChange}>
      <Popover.Trigger render={trigger} />
      <Popover.Portal>
        <Popover.Positioner sideOffset={8} side="top" collisionPadding={8} className="z-40">
          <Popover.Popup aria-label={label} className="rise-in w-64 rounded-md bg-raised p-2 shadow-float outline-none">
            <input
              type="text"
              className="field"
              // biome-ignore lint/a11y/noAutofocus: it was opened to type into.
              autoFocus
              role="combobox"
              aria-expanded="true"
              aria-controls="tag-choices"
              aria-label={label}
              placeholder={label}
              maxLength={100}
              value={text}
              onChange={(event) => {
                setText(event.target.value);
                setAt(0);
              }}
              onKeyDown={(event) => {
                const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
                if (step !== 0) {
                  event.preventDefault();
                  setAt(Math.min(choices.length - 1, Math.max(0, at + step)));
                }
                if (event.key === 'Enter') {
                  event.preventDefault();
                  pick(choices[at]);
                }
              }}
            />
            <div id="tag-choices" role="listbox" aria-label={label} className="mt-1 max-h-64 overflow-y-auto">
              {choices.map((tag, index) => (
                // biome-ignore lint/a11y/useFocusableInteractive: the field above moves among them, as a combobox does.
                // biome-ignore lint/a11y/useKeyWithClickEvents: as above.
                <div
                  key={tag}
                  role="option"
                  aria-selected={index === at}
                  onClick={() => pick(tag)}
                  onMouseMove={() => setAt(index)}
                  className="flex h-8 cursor-pointer items-center gap-2 rounded-sm px-2 aria-selected:bg-hover"
                >
                  {isNew && index === 0 && <Plus className="size-4 text-ink-3" aria-hidden />}
                  <span className="min-w-0 flex-1 truncate">{tag}</span>
                  <span className="text-12 text-ink-3">
                    {formatKnown(known.find(({ value }) => value === tag)?.count)}
                  </span>
                </div>
              ))}
              {choices.length === 0 && (
                <p className="px-2 py-1.5 text-ink-3">{t(isNewAllowed ? 'typeTag' : 'noTags')}</p>
              )}
            </div>
          </Popover.Popup>
        </Popover.Positioner>
      </Popover.Portal>
    </Popover.Root>
  );
}

const formatKnown = (count: number | undefined) => (count === undefined ? '' : formatCount(count));
