import { useEffect, useRef, useSyncExternalStore } from 'react';

/**
 * One key of a page. `keys` is a key (`ArrowLeft`, `b`, `?`), a sequence (`g d`), or with the platform's command key
 * (`mod+k`).
 */
export interface KeyBinding {
  readonly keys: string;
  readonly label: string;
  readonly run: (event: KeyboardEvent) => void;
  /** Also while typing in a field. */
  readonly whileTyping?: boolean;
}

export interface KeyGroup {
  readonly title: string;
  readonly bindings: readonly KeyBinding[];
}

let groups: readonly KeyGroup[] = [];
const listeners = new Set<() => void>();
const sequenceMs = 900;

function publish(next: readonly KeyGroup[]): void {
  groups = next;
  for (const listener of listeners) listener();
}

/** Binds keys while the component is there; the page's last component wins where two want the same key. */
export function useKeys(title: string, bindings: readonly KeyBinding[]): void {
  const current = useRef(bindings);
  current.current = bindings;
  const shape = bindings.map(({ keys, label }) => `${keys}=${label}`).join('|');
  // biome-ignore lint/correctness/useExhaustiveDependencies: the shape stands for the bindings, whose handlers are fresh.
  useEffect(() => {
    const group: KeyGroup = {
      title,
      bindings: current.current.map((binding, index) => ({
        ...binding,
        run: (event) => current.current[index]?.run(event),
      })),
    };
    publish([...groups, group]);
    return () => publish(groups.filter((other) => other !== group));
  }, [title, shape]);
}

/** All keys bound now, for the help sheet. */
export function useKeyGroups(): readonly KeyGroup[] {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => groups,
  );
}

/** Listens to the keyboard for all bindings; called once, by the shell. Answers how to stop. */
export function listenToKeys(): () => void {
  let prefix = '';
  let prefixAt = 0;
  const onKey = (event: KeyboardEvent) => {
    if (event.isComposing || event.altKey || event.defaultPrevented) return;
    const typing = isTyping(event.target);
    const pressed = nameOf(event);
    const sequence = prefix && event.timeStamp - prefixAt < sequenceMs ? `${prefix} ${pressed}` : '';
    prefix = '';
    const all = groups.flatMap((group) => group.bindings).reverse();
    const binding = (sequence && all.find(({ keys }) => keys === sequence)) || all.find(({ keys }) => keys === pressed);
    if (binding && (!typing || binding.whileTyping)) {
      // A focused control keeps Enter, Space and the arrows of its own.
      if (!binding.whileTyping && ownsKey(event.target, pressed)) return;
      event.preventDefault();
      binding.run(event);
    } else if (!typing && all.some(({ keys }) => keys.startsWith(`${pressed} `))) {
      prefix = pressed;
      prefixAt = event.timeStamp;
    }
  };
  addEventListener('keydown', onKey);
  return () => removeEventListener('keydown', onKey);
}

const apple = /Mac|iPhone|iPad/.test(navigator.platform);

/** How a binding's keys are printed on a key cap. */
export function printKeys(keys: string): string[] {
  const names: Record<string, string> = {
    mod: apple ? '⌘' : 'Ctrl',
    ArrowLeft: '←',
    ArrowRight: '→',
    ArrowUp: '↑',
    ArrowDown: '↓',
    Escape: 'Esc',
    Enter: '↵',
  };
  return keys.split(/[ +](?=.)/).map((key) => names[key] ?? (key.length === 1 ? key.toUpperCase() : key));
}

function nameOf(event: KeyboardEvent): string {
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  return event.ctrlKey || event.metaKey ? `mod+${key}` : key;
}

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target instanceof HTMLInputElement)
    return !['range', 'checkbox', 'radio', 'button', 'file'].includes(target.type);
  return target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement || target.isContentEditable;
}

function ownsKey(target: EventTarget | null, pressed: string): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.closest('[role="dialog"], [role="menu"], [role="listbox"]')) return pressed !== 'mod+k';
  if (target instanceof HTMLInputElement && target.type === 'range') return /^(Arrow|Home|End|Page)/.test(pressed);
  return /^(Enter| )$/.test(pressed) && target.closest('a, button, summary') !== null;
}
