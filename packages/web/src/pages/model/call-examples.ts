/** Code that calls a model's predict route. Without a version the champion answers, whichever that will be. */
export function callExamples(origin: string, model: string, version?: number): { name: string; code: string }[] {
  const query = version === undefined ? '' : `?version=${version}`;
  const url = `${origin}/api/v1/models/${encodeURIComponent(model)}/predict${query}`;
  return [
    {
      name: 'curl',
      code: `curl '${url}' \\
  --header 'Content-Type: image/jpeg' \\
  --data-binary @picture.jpg`,
    },
    {
      name: 'TypeScript',
      code: `import { readFile } from 'node:fs/promises';

interface Detection {
  className: string;
  confidence: number;
  box: [xmin: number, ymin: number, xmax: number, ymax: number];
}

const response = await fetch('${url}', {
  method: 'POST',
  headers: { 'Content-Type': 'image/jpeg' },
  body: await readFile('picture.jpg'),
});
const { predictions } = (await response.json()) as { predictions: Detection[] };
for (const { className, confidence, box } of predictions) console.log(className, confidence, box);`,
    },
    {
      name: 'Python',
      code: `import json
from urllib.request import Request, urlopen

with open("picture.jpg", "rb") as file:
    request = Request("${url}",
                      data=file.read(), headers={"Content-Type": "image/jpeg"})
answer = json.load(urlopen(request))
for found in answer["predictions"]:
    print(found["className"], found["confidence"], found["box"])`,
    },
  ];
}
