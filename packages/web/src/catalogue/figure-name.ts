/** What a page's `useTranslation` gives, of whatever part of the catalogue. */
type Translate = (key: string, options: { defaultValue: string }) => string;

/** A figure's name for people; one this app has no word for is shown by its own. */
export function figureName(t: Translate, name: string): string {
  // Names like TAR@FAR=0.01 hold the key separator.
  const key = name.replaceAll('.', '_');
  return t(`frame:figure.${key}`, { defaultValue: name });
}

/** A task's name for people. */
export function taskName(t: Translate, task: string): string {
  return t(`frame:task.${task}`, { defaultValue: task });
}
