import { Upload } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { Button } from '../../parts/button.js';
import { CopyButton } from '../../parts/copy-button.js';

/** A project without pictures: drop some, choose some, or bring a labelled folder by the command line. */
export function FirstPictures({ project, onChoose }: { project: string; onChoose: () => void }) {
  const { t } = useTranslation('data');
  const command = `npx fovea import <folder> --project ${project}`;
  return (
    <div className="flex flex-1 items-center justify-center overflow-y-auto p-6">
      <div className="w-full max-w-xl">
        <button
          type="button"
          onClick={onChoose}
          className="flex w-full flex-col items-center gap-4 rounded-md border-2 border-dashed border-line-field px-6 py-16 text-center transition-colors hover:border-accent hover:bg-accent-soft"
        >
          <Upload className="size-6 text-ink-3" aria-hidden />
          <span className="text-16 font-medium">{t('firstTitle')}</span>
          <span className="max-w-sm text-balance text-ink-2">{t('firstText')}</span>
        </button>
        <div className="mt-4 flex justify-center">
          <Button tone="primary" onClick={onChoose}>
            {t('choosePictures')}
          </Button>
        </div>
        <p className="mt-8 mb-2 text-ink-2">{t('firstCommand')}</p>
        <div className="panel flex items-center gap-2 py-1 pr-1 pl-3">
          <code className="min-w-0 flex-1 truncate font-mono text-12">{command}</code>
          <CopyButton text={command} />
        </div>
      </div>
    </div>
  );
}
