import { ClassDot } from './class-dot.js';

/** Classes of a whole picture, laid on it: the first ones by name, of the others how many. */
export function ClassChips({
  classes,
  most = 2,
}: {
  classes: readonly { readonly className: string; readonly classIndex: number }[];
  most?: number;
}) {
  if (classes.length === 0) return null;
  const rest = classes.length - most;
  return (
    <span className="pointer-events-none absolute inset-x-1 bottom-1 flex gap-1 overflow-hidden">
      {classes.slice(0, most).map(({ className, classIndex }) => (
        <span key={classIndex} className={chip}>
          <ClassDot index={classIndex} />
          <span className="truncate">{className}</span>
        </span>
      ))}
      {rest > 0 && <span className={`${chip} shrink-0`}>+{rest}</span>}
    </span>
  );
}

// Its own dark ground keeps it legible on any picture, in both themes.
const chip =
  'inline-flex h-5 min-w-0 max-w-full items-center gap-1.5 rounded-[3px] bg-[#000c] px-1.5 text-12 font-medium text-white';
