import { useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { picturesQuery } from './curation-queries.js';

/**
 * Pictures taken out of the project since the page was opened, for lists that are dear to ask for again. Each time it is
 * told what went in one stroke; what is taken back in one stroke is back here too.
 */
export function useGone(project: string): { gone: ReadonlySet<string>; add: (shas: readonly string[]) => void } {
  const [strokes, setStrokes] = useState<readonly (readonly string[])[]>([]);
  const firsts = strokes.map(([first]) => first!);
  const found = useQuery({
    ...picturesQuery(project, firsts),
    enabled: firsts.length > 0,
    placeholderData: undefined,
  }).data;
  const gone = useMemo(() => new Set(strokes.filter(([first]) => !found?.has(first!)).flat()), [strokes, found]);
  return {
    gone,
    add: (shas) => {
      if (shas.length > 0) setStrokes((before) => [...before, shas]);
    },
  };
}
