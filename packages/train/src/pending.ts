// biome-ignore-all lint: scratch until the rooms deliver
/* eslint-disable */
export const evaluateClassification: any = () => {
  throw new Error('pending');
};
export const evaluateEmbeddings: any = () => {
  throw new Error('pending');
};
export const finetuneNetwork: any = () => {
  throw new Error('pending');
};
export const findPretrained: any = () => {
  throw new Error('pending');
};
export const pretrainedNames: any = [];
export function createLabelConfusion(n: number) {
  return { n, m: new Float64Array(n * n) };
}
export function accumulateLabels(c: any, t: Uint8Array, f: Uint8Array) {
  for (let i = 0; i < t.length; i++) if (t[i]! < c.n) c.m[t[i]! * c.n + f[i]!]++;
}
export function evaluateSegmentation(c: any, names: readonly string[]): any {
  const { n, m } = c;
  let hit = 0,
    all = 0;
  const iou: (number | null)[] = [];
  let acc = 0,
    k = 0;
  for (let i = 0; i < n; i++) {
    let r = 0,
      col = 0;
    for (let j = 0; j < n; j++) {
      r += m[i * n + j];
      col += m[j * n + i];
    }
    hit += m[i * n + i];
    all += r;
    iou.push(r + col ? m[i * n + i] / (r + col - m[i * n + i]) : null);
    if (r) {
      acc += m[i * n + i] / r;
      k++;
    }
  }
  const v = iou.filter((x): x is number => x !== null);
  return {
    mIoU: v.reduce((a, b) => a + b, 0) / v.length,
    pixelAccuracy: hit / all,
    meanAccuracy: acc / k,
    perClass: names.map((className, i) => ({ className, iou: iou[i] })),
  };
}
