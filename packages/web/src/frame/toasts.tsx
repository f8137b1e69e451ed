import { Toast } from '@base-ui/react/toast';
import { CircleAlert, CircleCheck, X } from 'lucide-react';
import { useTranslation } from 'react-i18next';

/** What a toast says: what was done, and how to take it back. */
const manager = Toast.createToastManager();

/** Says that something was done; with `undo`, offers to take it back. */
export function toastDone(title: string, undo?: { label: string; run: () => void }): void {
  const id = manager.add({
    title,
    type: 'done',
    timeout: undo ? 8_000 : 4_000,
    actionProps: undo && {
      children: undo.label,
      onClick: () => {
        manager.close(id);
        undo.run();
      },
    },
  });
}

/** Says that an action failed, in the server's own words. */
export function toastFailed(title: string, error: unknown): void {
  const description = error instanceof Error ? error.message : String(error);
  manager.add({ title, description, type: 'failed', timeout: 12_000, priority: 'high' });
}

/** Wraps the app: toasts stand bottom centre, above what floats. */
export function Toasts({ children }: { children: React.ReactNode }) {
  return (
    <Toast.Provider toastManager={manager} limit={3}>
      {children}
      <Toast.Portal>
        <Toast.Viewport className="fixed bottom-4 left-1/2 z-50 flex w-[min(26rem,calc(100vw-2rem))] -translate-x-1/2 flex-col gap-2 max-md:bottom-18">
          <ToastList />
        </Toast.Viewport>
      </Toast.Portal>
    </Toast.Provider>
  );
}

function ToastList() {
  const { toasts } = Toast.useToastManager();
  const { t } = useTranslation();
  return toasts.map((toast) => (
    <Toast.Root
      key={toast.id}
      toast={toast}
      className="flex items-start gap-3 rounded-md bg-raised px-3 py-3 text-13 shadow-float transition-opacity data-[ending-style]:opacity-0 data-[starting-style]:opacity-0"
    >
      {toast.type === 'failed' ? (
        <CircleAlert className="mt-0.5 size-4 shrink-0 text-bad" aria-hidden />
      ) : (
        <CircleCheck className="mt-0.5 size-4 shrink-0 text-good" aria-hidden />
      )}
      <div className="min-w-0 flex-1">
        <Toast.Title className="font-medium" />
        <Toast.Description className="text-ink-2 wrap-anywhere" />
      </div>
      <Toast.Action className="rounded-sm px-2 font-medium text-accent hover:bg-hover" />
      <Toast.Close className="rounded-sm p-0.5 text-ink-3 hover:bg-hover hover:text-ink" aria-label={t('close')}>
        <X className="size-4" aria-hidden />
      </Toast.Close>
    </Toast.Root>
  ));
}
