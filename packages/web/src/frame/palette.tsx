import { Dialog } from '@base-ui/react/dialog';
import { Search } from 'lucide-react';
import { useEffect, useId, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Keys } from '../parts/button.js';
import { type Command, rankCommands, useCommands } from './commands.js';

/** Ctrl/Cmd-K: every page, project, run, model and action, by a few letters of its name. */
export function Palette({ open, onOpenChange }: { open: boolean; onOpenChange: (open: boolean) => void }) {
  const { t } = useTranslation();
  return (
    <Dialog.Root open={open} onOpenChange={onOpenChange}>
      <Dialog.Portal>
        <Dialog.Backdrop className="appear fixed inset-0 z-40 bg-scrim" />
        <Dialog.Popup
          aria-label={t('palette')}
          className="rise-in fixed top-[14vh] left-1/2 z-40 flex max-h-[64vh] w-[min(40rem,calc(100vw-2rem))] -translate-x-1/2 flex-col overflow-hidden rounded-md bg-raised shadow-float outline-none"
        >
          <Choices close={() => onOpenChange(false)} />
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

function Choices({ close }: { close: () => void }) {
  const { t } = useTranslation();
  const id = useId();
  const [words, setWords] = useState('');
  const [at, setAt] = useState(0);
  const list = useRef<HTMLDivElement>(null);
  const found = rankCommands(useCommands(), words).slice(0, 60);
  const chosen = Math.min(at, found.length - 1);

  useEffect(() => {
    list.current?.querySelector(`[data-at="${chosen}"]`)?.scrollIntoView({ block: 'nearest' });
  }, [chosen]);

  const run = (command: Command | undefined) => {
    if (!command) return;
    close();
    command.run();
  };
  const onKeyDown = (event: React.KeyboardEvent) => {
    if (event.key === 'ArrowDown') setAt((chosen + 1) % Math.max(1, found.length));
    else if (event.key === 'ArrowUp') setAt((chosen - 1 + found.length) % Math.max(1, found.length));
    else if (event.key === 'Enter') run(found[chosen]);
    else return;
    event.preventDefault();
  };

  return (
    <>
      <div className="flex items-center gap-3 border-b border-line px-4">
        <Search className="size-4 shrink-0 text-ink-3" aria-hidden />
        <input
          role="combobox"
          aria-expanded
          aria-controls={id}
          aria-activedescendant={found.length > 0 ? `${id}-${chosen}` : undefined}
          aria-label={t('palette')}
          placeholder={t('paletteHint')}
          value={words}
          onChange={(event) => {
            setWords(event.target.value);
            setAt(0);
          }}
          onKeyDown={onKeyDown}
          className="h-12 w-full bg-transparent text-14 outline-none"
        />
        <Keys keys="Escape" />
      </div>
      <div ref={list} id={id} role="listbox" aria-label={t('palette')} className="min-h-0 flex-1 overflow-y-auto p-2">
        {found.length === 0 && <p className="px-2 py-6 text-center text-ink-2">{t('paletteNone', { words })}</p>}
        {found.map((command, index) => {
          const first = index === 0 || found[index - 1]!.kind !== command.kind;
          return (
            <div key={command.id} role="presentation">
              {first && <p className="px-2 pt-2 pb-1 text-12 text-ink-3">{t(`kinds.${command.kind}`)}</p>}
              {/* biome-ignore lint/a11y/useKeyWithClickEvents: the input above has the keyboard, as in any combobox. */}
              <div
                role="option"
                id={`${id}-${index}`}
                data-at={index}
                tabIndex={-1}
                aria-selected={index === chosen}
                onMouseMove={() => setAt(index)}
                onClick={() => run(command)}
                className="flex h-9 cursor-pointer items-center gap-3 rounded-sm px-2 aria-selected:bg-hover"
              >
                <command.icon className="size-4 shrink-0 text-ink-2" aria-hidden />
                <span className="truncate">{command.title}</span>
                <span className="ml-auto truncate text-12 text-ink-3">{command.hint}</span>
                {command.keys && <Keys keys={command.keys} />}
              </div>
            </div>
          );
        })}
      </div>
    </>
  );
}
