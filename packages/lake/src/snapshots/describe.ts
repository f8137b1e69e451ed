import type { SnapshotComparison } from './compare.js';

const NAMED_CLASSES = 5;

/** What differs, in a few sentences. */
export function describeDifference(difference: Omit<SnapshotComparison, 'sentences'>): string[] {
  const { before, after, pictures, labelMaps, objects, moves, classes } = difference;
  const sentences: string[] = [];
  const { added, removed, same, labels, split } = pictures;
  if (added + removed + labels + split === 0) {
    sentences.push(`Both have the same ${many(same, 'picture')} with the same labels and the same split.`);
  } else {
    const come =
      added + removed === 0
        ? 'The same pictures'
        : list([part(added, 'picture', 'more'), part(removed, added > 0 ? '' : 'picture', 'fewer')]);
    sentences.push(`${come}; ${same === 0 ? 'none is' : `${same} are`} as before.`);
  }
  if (labels > 0)
    sentences.push(
      `${capital(many(labels, 'picture'))} of both ${labels === 1 ? 'has' : 'have'} other labels${labelMaps > 0 ? `, ${labelMaps} of them another label map` : ''}.`,
    );
  if (Object.values(objects).some((count) => count > 0)) {
    const told = list(
      [
        ofClasses(
          objects.added,
          'added',
          classes.map(({ name, added: n }) => ({ name, n })),
        ),
        ofClasses(
          objects.removed,
          'removed',
          classes.map(({ name, removed: n }) => ({ name, n })),
        ),
        ofClasses(
          objects.moved,
          'moved',
          classes.map(({ name, moved: n }) => ({ name, n })),
        ),
        objects.reclassed > 0 ? `${many(objects.reclassed, 'object')} given another class` : '',
      ],
      '; ',
    );
    sentences.push(`${capital(told)}.`);
  }
  if (moves.length > 0) {
    const told = list(moves.map(({ from, to, count }) => `${count} from ${from} to ${to}`));
    sentences.push(`${capital(many(split, 'picture'))} changed sides: ${told}.`);
  }
  const known = new Set(before.classNames);
  const now = new Set(after.classNames);
  const [fresh, lost] = [
    after.classNames.filter((name) => !known.has(name)),
    before.classNames.filter((name) => !now.has(name)),
  ];
  if (fresh.length > 0) sentences.push(`New ${fresh.length === 1 ? 'class' : 'classes'}: ${some(fresh)}.`);
  if (lost.length > 0)
    sentences.push(`No longer there: ${lost.length === 1 ? 'the class' : 'the classes'} ${some(lost)}.`);
  return sentences;
}

function many(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

function part(count: number, noun: string, word: string): string {
  if (count === 0) return '';
  return noun === '' ? `${count} ${word}` : `${many(count, noun)} ${word}`;
}

function ofClasses(total: number, word: string, counts: readonly { name: string; n: number }[]): string {
  if (total === 0) return '';
  const present = counts.filter(({ n }) => n > 0).sort((a, b) => b.n - a.n);
  if (present.length === 1) return `${many(total, 'object')} of ${present[0]!.name} ${word}`;
  const named = present.slice(0, NAMED_CLASSES).map(({ name, n }) => `${n} of ${name}`);
  const more = present.length > NAMED_CLASSES ? ', …' : '';
  return `${many(total, 'object')} ${word} (${named.join(', ')}${more})`;
}

function some(names: readonly string[]): string {
  const most = 10;
  return names.length > most ? `${names.slice(0, most).join(', ')} and ${names.length - most} more` : list(names);
}

function list(parts: readonly string[], between = ', '): string {
  return parts.filter((each) => each !== '').join(between);
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
