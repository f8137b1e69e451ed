import { Menu } from '@base-ui/react/menu';
import type { LakeExport } from '@fovea/api';
import { Download } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { exportFormats, exportResult } from '../../data/export-pictures.js';
import { toastDone, toastFailed } from '../../frame/toasts.js';
import { chipClass } from './facet-menu.js';
import { menuItem, menuPopup } from './sort-menu.js';

/** Saves a result as a file: the pictures of a filter, or the rows of a SELECT. */
export function ExportMenu({
  project,
  wanted,
  note,
  side = 'bottom',
  disabled = false,
}: {
  project: string;
  wanted: () => Omit<LakeExport, 'format'>;
  /** What the file will hold. */
  note?: string;
  side?: 'top' | 'bottom';
  disabled?: boolean;
}) {
  const { t } = useTranslation('filter');
  const [busy, setBusy] = useState(false);
  const save = async (format: LakeExport['format']) => {
    setBusy(true);
    try {
      toastDone(t('exported', { name: await exportResult(project, project, { ...wanted(), format }) }));
    } catch (error) {
      toastFailed(t('exportFailed'), error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Menu.Root>
      <Menu.Trigger className={chipClass} disabled={busy || disabled}>
        <Download aria-hidden />
        {busy ? t('exporting') : t('export')}
      </Menu.Trigger>
      <Menu.Portal>
        <Menu.Positioner sideOffset={6} align="end" side={side} className="z-40">
          <Menu.Popup className={menuPopup}>
            {exportFormats.map((format) => (
              <Menu.Item key={format} className={menuItem} onClick={() => void save(format)}>
                {t(format)}
              </Menu.Item>
            ))}
            {note && <p className="max-w-56 px-2 py-1 text-12 text-ink-3">{note}</p>}
          </Menu.Popup>
        </Menu.Positioner>
      </Menu.Portal>
    </Menu.Root>
  );
}
