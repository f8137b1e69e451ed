import { Menu } from '@base-ui/react/menu';
import type { MediaAction, MediaFilterQuery } from '@fovea/api';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { BadgeCheck, Layers, Split, Tag, Trash2, X } from 'lucide-react';
import { type ReactNode, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { formatCount } from '../../catalogue/format.js';
import { api } from '../../data/api.js';
import type { FilterSearch } from '../../data/filter-search.js';
import { changePictures, undoLastAction } from '../../data/media-actions.js';
import { facetsQuery } from '../../data/queries.js';
import { useKeys } from '../../frame/keys.js';
import { toastDone, toastFailed } from '../../frame/toasts.js';
import { IconButton } from '../../parts/button.js';
import { ExportMenu } from '../filter/export-menu.js';
import { chipClass } from '../filter/facet-menu.js';
import { menuItem, menuPopup } from '../filter/sort-menu.js';
import { TagPicker } from './tag-picker.js';

const splits = ['train', 'val', 'test', null] as const;

/**
 * What can be done to the pictures marked, or else to the one in the inspector by keys alone. It rises when some are
 * marked; each thing it does says how many pictures it changed and can be taken back.
 */
export function BulkBar({
  project,
  count,
  target,
  isShown,
  onClear,
  onRemoved,
  children,
}: {
  project: string;
  /** How many pictures `target` chooses. */
  count: number;
  /** Which pictures; undefined where there is nothing to do anything to. */
  target: MediaFilterQuery | undefined;
  isShown: boolean;
  onClear: () => void;
  onRemoved: () => void;
  /** What else can be done here. */
  children?: ReactNode;
}) {
  const { t } = useTranslation(['data', 'filter', 'frame']);
  const client = useQueryClient();
  const [open, setOpen] = useState<'tag' | 'untag' | null>(null);
  const none: FilterSearch = {};
  const tags = useQuery({ ...facetsQuery(project, none), enabled: isShown || open !== null }).data?.values.tags ?? [];

  const run = async (action: MediaAction['action']) => {
    if (!target) return;
    const tag = 'tag' in action ? action.tag : '';
    const split =
      action.kind === 'split' ? (action.split === null ? t('filter:noSplit') : t(`filter:splits.${action.split}`)) : '';
    const done = await changePictures(client, project, target, action, {
      done: (changed) => t(`did.${action.kind}`, { count: changed, text: formatCount(changed), tag, split }),
      none: t('didNothing'),
      failed: t('actionFailed'),
      undo: t('frame:undo'),
      undone: (changed) => t('undone', { count: changed, text: formatCount(changed) }),
      undoFailed: t('undoFailed'),
    });
    if (done && action.kind === 'remove') onRemoved();
  };
  const snapshot = async () => {
    if (!target) return;
    try {
      const made = await api.createSnapshot(project, { filter: target });
      toastDone(t(made.isNew ? 'snapshotMade' : 'snapshotSame', { name: made.name }));
      void client.invalidateQueries({ queryKey: ['snapshots', project] });
    } catch (error) {
      toastFailed(t('snapshotFailed'), error);
    }
  };
  useKeys(t('marked'), [
    { keys: 't', label: t('addTag'), run: () => target && setOpen('tag') },
    { keys: 'y', label: t('removeTag'), run: () => target && setOpen('untag') },
    { keys: 'r', label: t('markReviewed'), run: () => void run({ kind: 'review' }) },
    {
      keys: '1',
      label: t('toSplit', { split: t('filter:splits.train') }),
      run: () => void run({ kind: 'split', split: 'train' }),
    },
    {
      keys: '2',
      label: t('toSplit', { split: t('filter:splits.val') }),
      run: () => void run({ kind: 'split', split: 'val' }),
    },
    {
      keys: '3',
      label: t('toSplit', { split: t('filter:splits.test') }),
      run: () => void run({ kind: 'split', split: 'test' }),
    },
    { keys: '0', label: t('toNoSplit'), run: () => void run({ kind: 'split', split: null }) },
    { keys: 'Delete', label: t('removePictures'), run: () => void run({ kind: 'remove' }) },
    // Not of the one picture that happens to be looked at: a snapshot stays.
    { keys: 's', label: t('makeSnapshot'), run: () => isShown && void snapshot() },
    { keys: 'mod+z', label: t('undoLast'), run: undoLastAction },
  ]);

  if (!isShown && open === null) return null;
  return (
    <div
      role="toolbar"
      aria-label={t('marked')}
      className="rise-in absolute bottom-4 left-1/2 z-20 flex w-max max-w-[calc(100%-1.5rem)] -translate-x-1/2 flex-wrap items-center gap-1 rounded-md bg-raised p-1.5 shadow-float max-md:bottom-2"
    >
      <span className="px-2 font-medium" role="status">
        {t('markedCount', { count, text: formatCount(count) })}
      </span>
      <TagPicker
        trigger={
          <button type="button" className={chipClass}>
            <Tag aria-hidden />
            {t('addTag')}
          </button>
        }
        label={t('addTag')}
        known={tags}
        isNewAllowed
        open={open === 'tag'}
        onOpenChange={(is) => setOpen(is ? 'tag' : null)}
        onPick={(tag) => void run({ kind: 'tag', tag })}
      />
      <TagPicker
        trigger={
          <button type="button" className={chipClass}>
            {t('removeTag')}
          </button>
        }
        label={t('removeTag')}
        known={tags}
        isNewAllowed={false}
        open={open === 'untag'}
        onOpenChange={(is) => setOpen(is ? 'untag' : null)}
        onPick={(tag) => void run({ kind: 'untag', tag })}
      />
      <button type="button" className={chipClass} onClick={() => void run({ kind: 'review' })}>
        <BadgeCheck aria-hidden />
        {t('markReviewed')}
      </button>
      <Menu.Root>
        <Menu.Trigger className={chipClass}>
          <Split aria-hidden />
          {t('setSplit')}
        </Menu.Trigger>
        <Menu.Portal>
          <Menu.Positioner sideOffset={8} side="top" className="z-40">
            <Menu.Popup className={menuPopup}>
              {splits.map((split) => (
                <Menu.Item key={split} className={menuItem} onClick={() => void run({ kind: 'split', split })}>
                  {split === null ? t('filter:noSplit') : t(`filter:splits.${split}`)}
                </Menu.Item>
              ))}
            </Menu.Popup>
          </Menu.Positioner>
        </Menu.Portal>
      </Menu.Root>
      <button type="button" className={chipClass} onClick={() => void snapshot()}>
        <Layers aria-hidden />
        {t('snapshotOf')}
      </button>
      {children}
      <ExportMenu project={project} side="top" wanted={() => ({ filter: target ?? {} })} />
      <button type="button" className={`${chipClass} hover:text-bad`} onClick={() => void run({ kind: 'remove' })}>
        <Trash2 aria-hidden />
        {t('removePictures')}
      </button>
      <IconButton label={t('clearMarks')} keys="Escape" onClick={onClear}>
        <X aria-hidden />
      </IconButton>
    </div>
  );
}
