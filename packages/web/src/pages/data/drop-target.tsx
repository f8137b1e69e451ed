import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { toastFailed } from '../../frame/toasts.js';
import { fileKind } from './uploading.js';

/**
 * Takes files dropped anywhere on the page (folders too) or pasted, and says so while they hover. `onFiles` gets
 * pictures, videos and archives; where nothing dropped is one, a toast says so.
 */
export function DropTarget({ text, onFiles }: { text: string; onFiles: (files: File[]) => void }) {
  const { t } = useTranslation('data');
  const [over, setOver] = useState(false);
  useEffect(() => {
    let depth = 0;
    const carriesFiles = (event: DragEvent) => event.dataTransfer?.types.includes('Files') ?? false;
    const enter = (event: DragEvent) => {
      if (!carriesFiles(event)) return;
      event.preventDefault();
      depth++;
      setOver(true);
    };
    const leave = () => {
      depth = Math.max(0, depth - 1);
      if (depth === 0) setOver(false);
    };
    const hover = (event: DragEvent) => carriesFiles(event) && event.preventDefault();
    const take = async (files: File[]) => {
      const known = files.filter((file) => fileKind(file) !== undefined);
      if (known.length > 0) onFiles(known);
      else if (files.length > 0) toastFailed(t('noPictures'), new Error(files.map(({ name }) => name).join(', ')));
    };
    const drop = async (event: DragEvent) => {
      if (!carriesFiles(event)) return;
      event.preventDefault();
      depth = 0;
      setOver(false);
      await take(await readDropped(event.dataTransfer!));
    };
    const paste = (event: ClipboardEvent) => void take([...(event.clipboardData?.files ?? [])]);
    addEventListener('dragenter', enter);
    addEventListener('dragleave', leave);
    addEventListener('dragover', hover);
    addEventListener('drop', drop);
    addEventListener('paste', paste);
    return () => {
      removeEventListener('dragenter', enter);
      removeEventListener('dragleave', leave);
      removeEventListener('dragover', hover);
      removeEventListener('drop', drop);
      removeEventListener('paste', paste);
    };
  }, [onFiles, t]);
  if (!over) return null;
  return (
    <div className="appear pointer-events-none absolute inset-2 z-30 flex items-center justify-center rounded-md border-2 border-dashed border-accent bg-accent-soft/90 text-16 font-medium text-accent">
      <span className="max-w-md px-6 text-center text-balance">
        {text}
        <span className="mt-1 block text-13 font-normal">{t('dropKinds')}</span>
      </span>
    </div>
  );
}

async function readDropped(transfer: DataTransfer): Promise<File[]> {
  // Entries must be taken before the first await: the transfer is emptied when the event ends.
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry());
  const plain = [...transfer.files];
  if (!entries.some((entry) => entry?.isDirectory)) return plain;
  return (await Promise.all(entries.map((entry) => (entry ? readEntry(entry) : [])))).flat();
}

async function readEntry(entry: FileSystemEntry): Promise<File[]> {
  if (entry.isFile) {
    return [await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject))];
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const files: File[] = [];
  // A reader gives a hundred entries at a time, and none when it is done.
  for (;;) {
    const batch = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (batch.length === 0) return files;
    for (const inner of batch) files.push(...(await readEntry(inner)));
  }
}
