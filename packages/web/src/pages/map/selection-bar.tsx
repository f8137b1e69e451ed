import { useQueryClient } from '@tanstack/react-query';
import { Images, X } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { formatCount } from '../../catalogue/format.js';
import { api } from '../../data/api.js';
import type { FilterSearch } from '../../data/filter-search.js';
import { refreshMedia } from '../../data/queries.js';
import { toastFailed } from '../../frame/toasts.js';
import { IconButton } from '../../parts/button.js';
import { BulkBar } from '../data/bulk-bar.js';
import { chipClass } from '../filter/facet-menu.js';

/** Pictures that an address names one by one; more have a tag put on them, which it names instead. */
const mostNamed = 150;
/** Pictures that one action names. */
const mostAtOnce = 10_000;

/** What can be done to pictures chosen one by one: all that can be done on the wall, and to see them there. */
export function SelectionBar({
  project,
  shas,
  one,
  onClear,
  onRemoved,
  onShow,
}: {
  project: string;
  shas: readonly string[];
  /** The picture that keys act on where none is marked. */
  one?: string;
  onClear: () => void;
  /** They were taken out of the project. */
  onRemoved: (shas: readonly string[]) => void;
  /** Goes to the wall with a filter that chooses them. */
  onShow: (filter: FilterSearch) => void;
}) {
  const { t } = useTranslation(['curation', 'data']);
  const client = useQueryClient();
  const [isBusy, setBusy] = useState(false);
  const targets = shas.length > 0 ? shas : one === undefined ? [] : [one];
  const tooMany = shas.length > mostAtOnce;
  const show = async () => {
    if (shas.length <= mostNamed) return onShow({ sha256: shas.length === 1 ? shas[0] : [...shas] });
    setBusy(true);
    try {
      const tag = t('choiceTag', { when: new Date().toISOString().slice(0, 19).replace('T', ' ') });
      for (let at = 0; at < shas.length; at += mostAtOnce) {
        await api.changeMedia(project, {
          filter: { sha256: shas.slice(at, at + mostAtOnce) },
          action: { kind: 'tag', tag },
        });
      }
      refreshMedia(client, project);
      onShow({ tag });
    } catch (error) {
      toastFailed(t('data:actionFailed'), error);
    } finally {
      setBusy(false);
    }
  };
  const showButton = (
    <button type="button" className={chipClass} disabled={isBusy} onClick={() => void show()}>
      <Images aria-hidden />
      {shas.length > mostNamed ? t('tagAndShow') : t('showOnWall')}
    </button>
  );
  if (tooMany) {
    return (
      <div
        role="toolbar"
        aria-label={t('data:marked')}
        className="rise-in absolute bottom-4 left-1/2 z-20 flex w-max max-w-[calc(100%-1.5rem)] -translate-x-1/2 flex-wrap items-center gap-1 rounded-md bg-raised p-1.5 shadow-float"
      >
        <span className="px-2 font-medium" role="status">
          {t('data:markedCount', { count: shas.length, text: formatCount(shas.length) })}
        </span>
        <span className="px-2 text-ink-2">{t('tooManyForOne', { most: formatCount(mostAtOnce) })}</span>
        {showButton}
        <IconButton label={t('data:clearMarks')} keys="Escape" onClick={onClear}>
          <X aria-hidden />
        </IconButton>
      </div>
    );
  }
  return (
    <BulkBar
      project={project}
      count={targets.length}
      target={targets.length > 0 ? { sha256: [...targets] } : undefined}
      isShown={shas.length > 0}
      onClear={onClear}
      onRemoved={() => {
        onRemoved(targets);
        onClear();
      }}
    >
      {showButton}
    </BulkBar>
  );
}
