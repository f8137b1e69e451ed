import { Menu } from '@base-ui/react/menu';
import { ArrowDown, ArrowUp, Check } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { type SortName, sortNames } from '../../data/filter-search.js';
import { chipClass } from './facet-menu.js';

export const menuItem =
  'flex h-8 cursor-pointer items-center gap-2 rounded-sm px-2 outline-none data-[highlighted]:bg-hover [&_svg]:size-4 [&_svg]:shrink-0';
export const menuPopup = 'rise-in min-w-48 rounded-md bg-raised p-1 shadow-float outline-none';

/** The order of a listing: by what, and which end first. */
export function SortMenu({
  sort,
  onChange,
}: {
  sort: string | undefined;
  onChange: (sort: string | undefined) => void;
}) {
  const { t } = useTranslation('filter');
  const by = (sort?.replace(/^-/, '') ?? 'added') as SortName;
  const descending = sort?.startsWith('-') ?? false;
  const send = (name: string, down: boolean) => {
    const next = down ? `-${name}` : name;
    onChange(next === 'added' ? undefined : next);
  };
  return (
    <Menu.Root>
      <Menu.Trigger className={chipClass} aria-label={t('sort', { by: t(`names.${by}`) })}>
        {descending ? <ArrowDown aria-hidden /> : <ArrowUp aria-hidden />}
        {t(`names.${by}`)}
      </Menu.Trigger>
      <Menu.Portal>
        <Menu.Positioner sideOffset={6} align="end" className="z-40">
          <Menu.Popup className={menuPopup}>
            <Menu.RadioGroup value={by} onValueChange={(name: string) => send(name, descending)}>
              {sortNames.map((name) => (
                <Menu.RadioItem key={name} value={name} className={menuItem} closeOnClick>
                  <span className="size-4">{by === name && <Check className="text-accent" aria-hidden />}</span>
                  {t(`names.${name}`)}
                </Menu.RadioItem>
              ))}
            </Menu.RadioGroup>
            <Menu.Separator className="my-1 h-px bg-line" />
            <Menu.RadioGroup value={String(descending)} onValueChange={(down: string) => send(by, down === 'true')}>
              {(['false', 'true'] as const).map((down) => (
                <Menu.RadioItem key={down} value={down} className={menuItem} closeOnClick>
                  <span className="size-4">
                    {String(descending) === down && <Check className="text-accent" aria-hidden />}
                  </span>
                  {t(down === 'true' ? 'descending' : 'ascending')}
                </Menu.RadioItem>
              ))}
            </Menu.RadioGroup>
          </Menu.Popup>
        </Menu.Positioner>
      </Menu.Portal>
    </Menu.Root>
  );
}
