/** Saves the plot in an element as a PNG, on the page's own ground, so that it reads anywhere. */
export function savePng(element: HTMLElement, name: string): void {
  const drawn = element.querySelector('canvas');
  if (!drawn) return;
  const page = document.createElement('canvas');
  page.width = drawn.width;
  page.height = drawn.height;
  const context = page.getContext('2d')!;
  context.fillStyle = getComputedStyle(element.closest('figure') ?? document.body).backgroundColor;
  context.fillRect(0, 0, page.width, page.height);
  context.drawImage(drawn, 0, 0);
  page.toBlob((blob) => blob && saveBlob(blob, `${name}.png`));
}

/** Saves comma-separated values. */
export function saveCsv(text: string, name: string): void {
  saveBlob(new Blob([text], { type: 'text/csv' }), `${name}.csv`);
}

/** Saves bytes as a file, under a name that any system takes; answers that name. */
export function saveBlob(blob: Blob, name: string): string {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name.toLowerCase().replaceAll(/[^\w.]+/g, '-');
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 30_000);
  return link.download;
}
