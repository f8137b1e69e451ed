import type { Task } from '@fovea/api';

/** A call's code in one language. */
export interface CallExample {
  readonly name: string;
  readonly code: string;
}

/** What is done with a task's answer. */
interface Use {
  /** What TypeScript takes out of it, of which type, and what it does with that. */
  readonly typescript: { readonly take: string; readonly type: string; readonly use: string; readonly fs?: string };
  readonly python: { readonly use: string; readonly imports?: string };
}

const uses: Readonly<Record<Task, Use>> = {
  detection: {
    typescript: {
      take: 'predictions',
      type: '{ className: string; confidence: number; box: [xmin: number, ymin: number, xmax: number, ymax: number] }[]',
      use: 'for (const { className, confidence, box } of predictions) console.log(className, confidence, box);',
    },
    python: {
      use: `for found in answer["predictions"]:
    print(found["className"], found["confidence"], found["box"])`,
    },
  },
  classification: {
    typescript: {
      take: 'classes',
      type: '{ className: string; confidence: number }[]',
      use: 'for (const { className, confidence } of classes) console.log(className, confidence);',
    },
    python: {
      use: `for found in answer["classes"]:
    print(found["className"], found["confidence"])`,
    },
  },
  segmentation: {
    typescript: {
      take: 'segmentation',
      type: '{ labelMap: string; classes: { className: string; classIndex: number; share: number }[] }',
      use: `// A PNG of the picture's size, whose values are class indices.
await writeFile('labels.png', Buffer.from(segmentation.labelMap, 'base64'));
for (const { className, classIndex, share } of segmentation.classes) console.log(classIndex, className, share);`,
      fs: 'readFile, writeFile',
    },
    python: {
      imports: 'from base64 import b64decode\n',
      use: `# A PNG of the picture's size, whose values are class indices.
with open("labels.png", "wb") as file:
    file.write(b64decode(answer["segmentation"]["labelMap"]))
for found in answer["segmentation"]["classes"]:
    print(found["classIndex"], found["className"], found["share"])`,
    },
  },
  embedding: {
    typescript: {
      take: 'embedding',
      type: 'number[]',
      use: `// Of length 1: the sum of two pictures' products is how alike they are.
console.log(embedding.length, embedding);`,
    },
    python: {
      use: `# Of length 1: the sum of two pictures' products is how alike they are.
print(answer["dimensions"], answer["embedding"])`,
    },
  },
};

/** Code that calls a model's predict route. Without a version the champion answers, whichever that will be. */
export function callExamples(origin: string, model: string, task: Task, version?: number): CallExample[] {
  const query = version === undefined ? '' : `?version=${version}`;
  const url = `${origin}/api/v1/models/${encodeURIComponent(model)}/predict${query}`;
  const { typescript, python } = uses[task];
  return [
    {
      name: 'curl',
      code: `curl '${url}' \\
  --header 'Content-Type: image/jpeg' \\
  --data-binary @picture.jpg`,
    },
    {
      name: 'TypeScript',
      code: `import { ${typescript.fs ?? 'readFile'} } from 'node:fs/promises';

interface Answer {
  ${typescript.take}: ${typescript.type};
}

const response = await fetch('${url}', {
  method: 'POST',
  headers: { 'Content-Type': 'image/jpeg' },
  body: await readFile('picture.jpg'),
});
const { ${typescript.take} } = (await response.json()) as Answer;
${typescript.use}`,
    },
    {
      name: 'Python',
      code: `import json
${python.imports ?? ''}from urllib.request import Request, urlopen

with open("picture.jpg", "rb") as file:
    request = Request("${url}",
                      data=file.read(), headers={"Content-Type": "image/jpeg"})
answer = json.load(urlopen(request))
${python.use}`,
    },
  ];
}
