import type { MediaAction } from '@fovea/api';
import { useTranslation } from 'react-i18next';
import { formatCount } from '../catalogue/format.js';
import type { ActionWords } from './media-actions.js';

/** What is said of actions on pictures; `onUndone` is called when one was taken back. */
export function useActionWords(): (action: MediaAction['action'], onUndone?: () => void) => ActionWords {
  const { t } = useTranslation(['data', 'filter', 'frame']);
  return (action, onUndone) => {
    const tag = 'tag' in action ? action.tag : '';
    const split =
      action.kind === 'split' ? (action.split ? t(`filter:splits.${action.split}`) : t('filter:noSplit')) : '';
    return {
      done: (changed) => t(`did.${action.kind}`, { count: changed, text: formatCount(changed), tag, split }),
      none: t('didNothing'),
      failed: t('actionFailed'),
      undo: t('frame:undo'),
      undone: (changed) => {
        onUndone?.();
        return t('undone', { count: changed, text: formatCount(changed) });
      },
      undoFailed: t('undoFailed'),
    };
  };
}
