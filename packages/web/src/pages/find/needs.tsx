import type { LucideIcon } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { Empty } from '../../parts/empty.js';
import { JobLine } from '../../parts/job-line.js';
import { ComputeMissing, type ModelChoice } from '../../parts/model-bar.js';
import { range } from '../../parts/range.js';

/** Says that pictures must be compared first, and has it done. */
export function NeedsVectors({ choice, icon, text }: { choice: ModelChoice; icon: LucideIcon; text: string }) {
  const { t } = useTranslation('curation');
  const { chosen, work } = choice;
  return (
    <Empty icon={icon} text={text}>
      {work.job ? (
        <JobLine job={work.job} label={t('embedding')} />
      ) : (
        chosen && chosen.missing > 0 && <ComputeMissing chosen={chosen} work={work} />
      )}
    </Empty>
  );
}

/** The room of a grid before its pictures are there. */
export function GridSkeleton() {
  return (
    <div aria-busy="true" className="grid grid-cols-[repeat(auto-fill,minmax(11rem,1fr))] gap-3">
      {range(18).map((key) => (
        <div key={key} className="skeleton aspect-square" />
      ))}
    </div>
  );
}
