import { Menu } from '@base-ui/react/menu';
import { Check, Monitor, Moon, Sun } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { setTheme, type Theme, useTheme } from './theme.js';

const icons = { system: Monitor, light: Sun, dark: Moon } as const;

export const menuPopup =
  'appear min-w-44 max-h-[min(24rem,var(--available-height))] overflow-y-auto rounded-md bg-raised p-1 text-13 shadow-float outline-none';
export const menuItem =
  'flex h-8 cursor-pointer items-center gap-3 rounded-sm px-2 outline-none select-none data-[highlighted]:bg-hover [&_svg]:size-4 [&_svg]:shrink-0 [&_svg]:text-ink-2';

/** Light, dark, or as the system. */
export function ThemeMenu() {
  const { t } = useTranslation();
  const theme = useTheme();
  const Current = icons[theme];
  return (
    <Menu.Root>
      <Menu.Trigger
        aria-label={t('theme')}
        title={t('theme')}
        className="flex size-8 items-center justify-center rounded-md text-ink-2 hover:bg-hover hover:text-ink data-[popup-open]:bg-hover"
      >
        <Current className="size-4" aria-hidden />
      </Menu.Trigger>
      <Menu.Portal>
        <Menu.Positioner side="top" align="start" sideOffset={6} className="z-40">
          <Menu.Popup className={menuPopup}>
            <Menu.RadioGroup value={theme} onValueChange={(value: Theme) => setTheme(value)}>
              {(['system', 'light', 'dark'] as const).map((value) => {
                const Icon = icons[value];
                return (
                  <Menu.RadioItem key={value} value={value} closeOnClick className={menuItem}>
                    <Icon aria-hidden />
                    <span className="flex-1">{t(`themes.${value}`)}</span>
                    <Menu.RadioItemIndicator>
                      <Check aria-hidden />
                    </Menu.RadioItemIndicator>
                  </Menu.RadioItem>
                );
              })}
            </Menu.RadioGroup>
          </Menu.Popup>
        </Menu.Positioner>
      </Menu.Portal>
    </Menu.Root>
  );
}
