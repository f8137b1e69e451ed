import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useKeys } from '../frame/keys.js';

/**
 * Cells of a grid gone through by arrows and marked by `x`: put `data-cell={index}` on each, and `ref` on what holds them.
 * `key` says which list it is: another begins anew.
 */
export function useCells<T extends { readonly sha256: string }>(
  items: readonly T[],
  key: string,
  onOpen: (item: T) => void,
) {
  const { t } = useTranslation('data');
  const ref = useRef<HTMLUListElement>(null);
  const [state, setState] = useState<{ key: string; at: number | undefined; marks: ReadonlySet<string> }>({
    key,
    at: undefined,
    marks: new Set(),
  });
  const { at, marks } = state.key === key ? state : { at: undefined, marks: new Set<string>() };
  const kept = at === undefined || items.length === 0 ? undefined : Math.min(at, items.length - 1);
  const setAt = (next: number | undefined) => setState({ key, at: next, marks });
  const setMarks = (next: ReadonlySet<string>) => setState({ key, at: kept, marks: next });
  const toggle = (sha256: string) => {
    const next = new Set(marks);
    if (!next.delete(sha256)) next.add(sha256);
    setMarks(next);
  };
  const step = (by: number, isRow: boolean) => {
    if (items.length === 0) return;
    const cells = [...(ref.current?.querySelectorAll<HTMLElement>('[data-cell]') ?? [])];
    const top = cells[0]?.offsetTop;
    const columns = Math.max(1, cells.filter((cell) => cell.offsetTop === top).length);
    const next = kept === undefined ? 0 : Math.min(items.length - 1, Math.max(0, kept + by * (isRow ? columns : 1)));
    setAt(next);
    // The focus goes along, so that Enter is about the cell and not about what was pressed before.
    cells[next]?.querySelector('button')?.focus({ preventScroll: true });
  };
  useEffect(() => {
    if (kept === undefined) return;
    ref.current?.querySelector(`[data-cell="${kept}"]`)?.scrollIntoView({ block: 'nearest' });
  }, [kept]);
  const one = kept === undefined ? undefined : items[kept];
  useKeys(t('keys'), [
    { keys: 'ArrowLeft', label: t('previous'), run: () => step(-1, false) },
    { keys: 'ArrowRight', label: t('next'), run: () => step(1, false) },
    { keys: 'ArrowUp', label: t('rowUp'), run: () => step(-1, true) },
    { keys: 'ArrowDown', label: t('rowDown'), run: () => step(1, true) },
    { keys: 'Enter', label: t('openPicture'), run: () => one && onOpen(one) },
    { keys: 'x', label: t('toggleMark'), run: () => one && toggle(one.sha256) },
    { keys: 'mod+a', label: t('markAllHere'), run: () => setMarks(new Set(items.map(({ sha256 }) => sha256))) },
    {
      keys: 'Escape',
      label: t('clearMarks'),
      run: () => (marks.size > 0 ? setMarks(new Set()) : setAt(undefined)),
    },
  ]);
  return { ref, at: kept, one, marks, setAt, setMarks, toggle };
}
