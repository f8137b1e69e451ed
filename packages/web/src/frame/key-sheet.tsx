import { Dialog } from '@base-ui/react/dialog';
import { X } from 'lucide-react';
import { useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { IconButton, Keys } from '../parts/button.js';
import { useKeyGroups } from './keys.js';

/** The keys of this page and of every page. */
export function KeySheet({ open, onOpenChange }: { open: boolean; onOpenChange: (open: boolean) => void }) {
  const { t } = useTranslation();
  const groups = useKeyGroups();
  const popup = useRef<HTMLDivElement>(null);
  return (
    <Dialog.Root open={open} onOpenChange={onOpenChange}>
      <Dialog.Portal>
        <Dialog.Backdrop className="appear fixed inset-0 z-40 bg-scrim" />
        <Dialog.Popup
          ref={popup}
          initialFocus={popup}
          className="rise-in fixed top-[12vh] left-1/2 z-40 max-h-[76vh] w-[min(46rem,calc(100vw-2rem))] -translate-x-1/2 overflow-y-auto rounded-md bg-raised p-6 shadow-float outline-none"
        >
          <div className="mb-4 flex items-center justify-between">
            <Dialog.Title className="text-16 font-semibold">{t('keys')}</Dialog.Title>
            <Dialog.Close render={<IconButton label={t('close')} keys="Escape" />}>
              <X aria-hidden />
            </Dialog.Close>
          </div>
          <div className="gap-8 md:columns-2">
            {[...groups].reverse().map((group) => (
              <section key={group.title} className="mb-6 break-inside-avoid">
                <h3 className="mb-2 text-12 font-medium text-ink-3">{group.title}</h3>
                <dl className="divide-y divide-line border-y border-line">
                  {group.bindings.map(({ keys, label }) => (
                    <div key={keys} className="flex h-9 items-center justify-between gap-4">
                      <dt>{label}</dt>
                      <dd>
                        <Keys keys={keys} />
                      </dd>
                    </div>
                  ))}
                </dl>
              </section>
            ))}
          </div>
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
