import type { RunState } from '@fovea/api';
import { useTranslation } from 'react-i18next';

const looks: Record<RunState, { chip: string; dot: string }> = {
  queued: { chip: 'bg-sunken text-ink-2', dot: 'bg-ink-3' },
  running: { chip: 'bg-accent-soft text-accent', dot: 'bg-accent animate-pulse' },
  stopping: { chip: 'bg-warn-soft text-warn', dot: 'bg-warn animate-pulse' },
  stopped: { chip: 'bg-warn-soft text-warn', dot: 'bg-warn' },
  finished: { chip: 'bg-good-soft text-good', dot: 'bg-good' },
  failed: { chip: 'bg-bad-soft text-bad', dot: 'bg-bad' },
};

/** Where a run is in its life: a dot and a word. */
export function StateMark({ state }: { state: RunState }) {
  const { t } = useTranslation('run');
  const { chip, dot } = looks[state];
  return (
    <span className={`inline-flex h-6 shrink-0 items-center gap-2 rounded-full px-2 text-12 font-medium ${chip}`}>
      <span className={`size-1.5 rounded-full ${dot}`} aria-hidden />
      {t(`state.${state}`)}
    </span>
  );
}
