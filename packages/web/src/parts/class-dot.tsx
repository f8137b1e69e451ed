import { classColor } from '@fovea/annotations';

/** The colour of a class, beside its name. */
export function ClassDot({ index }: { index: number }) {
  return (
    <span
      className="inline-block size-2.5 shrink-0 rounded-[3px] ring-1 ring-black/15"
      style={{ background: classColor(index) }}
      aria-hidden
    />
  );
}
