/** A model's alias: the champion stands out. */
export function AliasMark({ alias }: { alias: string }) {
  const look = alias === 'champion' ? 'bg-accent-soft text-accent' : 'bg-sunken text-ink-2';
  return <span className={`inline-flex h-5 items-center rounded-full px-2 text-12 font-medium ${look}`}>{alias}</span>;
}
