import { useMutation, useQueryClient } from '@tanstack/react-query';
import { X } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api } from '../../data/api.js';
import { Button, IconButton } from '../../parts/button.js';
import { rememberJob } from './sending.js';

type Way = 'seconds' | 'scenes' | 'all';

/** Takes in from a URL or S3: what lies there, and what becomes of videos. */
export function IngestPanel({ project, onClose }: { project: string; onClose: () => void }) {
  const { t } = useTranslation(['ingest', 'frame']);
  const client = useQueryClient();
  const [source, setSource] = useState('');
  const [way, setWay] = useState<Way>('seconds');
  const [seconds, setSeconds] = useState(1);
  const start = useMutation({
    mutationFn: () =>
      api.startIngest(project, {
        source: source.trim(),
        sampling: way === 'seconds' ? { kind: 'interval', seconds } : { kind: way },
      }),
    onSuccess: async ({ jobId }) => {
      rememberJob(jobId);
      await client.invalidateQueries({ queryKey: ['jobs'] });
      onClose();
    },
  });
  return (
    <form
      aria-label={t('from')}
      className="flex shrink-0 flex-wrap items-end gap-x-4 gap-y-3 border-b border-line bg-surface px-6 py-4 max-md:px-4"
      onSubmit={(event) => {
        event.preventDefault();
        if (source.trim() !== '') start.mutate();
      }}
      onKeyDown={(event) => {
        if (event.key !== 'Escape') return;
        event.stopPropagation();
        onClose();
      }}
    >
      <label className="min-w-0 flex-1 basis-80">
        <span className="mb-1 block font-medium">{t('source')}</span>
        <input
          className="field"
          // biome-ignore lint/a11y/noAutofocus: it was opened to type into.
          autoFocus
          value={source}
          maxLength={4000}
          aria-invalid={start.isError}
          placeholder="https://… · s3://bucket/folder/"
          onChange={(event) => setSource(event.target.value)}
        />
      </label>
      <label>
        <span className="mb-1 block font-medium">{t('ofVideos')}</span>
        <select className="field w-auto" value={way} onChange={(event) => setWay(event.target.value as Way)}>
          {(['seconds', 'scenes', 'all'] as const).map((one) => (
            <option key={one} value={one}>
              {t(`ways.${one}`)}
            </option>
          ))}
        </select>
      </label>
      {way === 'seconds' && (
        <label>
          <span className="mb-1 block font-medium">{t('seconds')}</span>
          <input
            type="number"
            className="field w-24"
            min={0.001}
            max={86_400}
            step="any"
            value={seconds}
            onChange={(event) => setSeconds(event.target.valueAsNumber || 1)}
          />
        </label>
      )}
      <div className="flex gap-2">
        <Button tone="primary" type="submit" disabled={start.isPending || source.trim() === ''}>
          {t('takeIn')}
        </Button>
        <IconButton label={t('frame:close')} keys="Escape" onClick={onClose}>
          <X aria-hidden />
        </IconButton>
      </div>
      <p className="w-full text-12 text-ink-3">{t('sourceHint')}</p>
      {start.isError && (
        <p role="alert" className="w-full text-bad wrap-anywhere">
          {start.error.message}
        </p>
      )}
    </form>
  );
}
