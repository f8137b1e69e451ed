import type { Page } from 'playwright-core';

/**
 * Texts of the page whose contrast with the ground behind them is below 4.5 (WCAG 2.2, 1.4.3), as "ratio text". Grounds
 * are looked for among the ancestors; text over pictures, hidden text and disabled controls are not judged.
 */
export function findLowContrast(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true })!;
    canvas.canvas.width = 1;
    canvas.canvas.height = 1;
    const paint = (colors: string[]): number[] => {
      canvas.clearRect(0, 0, 1, 1);
      for (const color of colors) {
        canvas.fillStyle = color;
        canvas.fillRect(0, 0, 1, 1);
      }
      return [...canvas.getImageData(0, 0, 1, 1).data];
    };
    const luminance = (rgb: number[]) => {
      const [r, g, b] = rgb.map((value) => {
        const share = value / 255;
        return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
    };
    const found: string[] = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const element = node.parentElement!;
      const text = node.textContent!.trim();
      const size = element.getBoundingClientRect();
      if (
        !text ||
        size.width < 2 ||
        size.height < 2 ||
        element.closest('button:disabled, script, style, .sr-only, [aria-hidden]')
      )
        continue;
      if (!element.checkVisibility({ opacityProperty: true, visibilityProperty: true })) continue;
      const grounds: string[] = [];
      let opacity = 1;
      for (let at: Element | null = element; at; at = at.parentElement) {
        const style = getComputedStyle(at);
        grounds.unshift(style.backgroundColor);
        opacity *= Number(style.opacity);
      }
      const ground = paint(grounds);
      canvas.globalAlpha = opacity;
      canvas.fillStyle = getComputedStyle(element).color;
      canvas.fillRect(0, 0, 1, 1);
      canvas.globalAlpha = 1;
      const ink = [...canvas.getImageData(0, 0, 1, 1).data];
      const [light, dark] = [luminance(ink), luminance(ground)].sort((a, b) => b - a);
      const ratio = (light! + 0.05) / (dark! + 0.05);
      if (ratio < 4.5) found.push(`${ratio.toFixed(2)} ${text.slice(0, 40)}`);
    }
    return [...new Set(found)];
  });
}
