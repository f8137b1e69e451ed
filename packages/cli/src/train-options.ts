import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { FoveaError } from '@fovea/annotations';
import type { NewRun } from '@fovea/api';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { bytes, integer, number } from './arguments.js';

/** What `fovea train` takes, as commander gives it: a request, three of its fields under shorter names. */
export type TrainChoices = Omit<NewRun, 'timeLimitSeconds' | 'box' | 'cacheBytes'> & {
  readonly timeLimit?: NewRun['timeLimitSeconds'];
  readonly boxLoss?: NewRun['box'];
  readonly cacheSize?: NewRun['cacheBytes'];
};

function imageSize(text: string): { width: number; height: number } {
  const match = /^(\d+)x(\d+)$/.exec(text);
  if (!match) throw new InvalidArgumentError('It is WIDTHxHEIGHT in pixels, such as 384x224.');
  return { width: Number(match[1]), height: Number(match[2]) };
}

/** `none`, or a policy as JSON: the text itself, or a file that holds it. */
function augment(text: string): NewRun['augment'] {
  if (text === 'none') return text;
  let json = text;
  if (!text.trimStart().startsWith('{')) {
    try {
      json = readFileSync(text, 'utf8');
    } catch (cause) {
      throw new FoveaError('bad_augment', `The augmentation file "${text}" cannot be read.`, { file: text }, { cause });
    }
  }
  try {
    return JSON.parse(json) as NewRun['augment'];
  } catch {
    throw new InvalidArgumentError('It is "none", a policy as JSON, or the path of a file that holds one.');
  }
}

/** Adds the options of `fovea train` to its command. */
export function addTrainOptions(command: Command): Command {
  const choice = (flags: string, help: string, choices: readonly string[]) =>
    new Option(flags, help).choices([...choices]);
  return command
    .addOption(
      choice('--task <task>', 'what to learn', ['detection', 'classification', 'segmentation', 'embedding']).default(
        'detection',
      ),
    )
    .option(
      '--from <model>',
      'start from a pretrained model: a name of the catalogue, a registered model, or a .onnx file',
    )
    .option('--freeze <patterns...>', "weights of that model that stay as they are; '*' stands for anything")
    .option('--cut <tensors...>', 'tensors at which that model is cut for a new head (default: found)')
    .option('--epochs <n>', 'passes over the pictures', integer(1, 10_000))
    .option('--time-limit <seconds>', 'finish within this time (default: 600, without --epochs)', number(10, 2_592_000))
    .option('--seed <n>', 'seed of everything random', integer(0, 0x7fffffff))
    .option('--name <model>', "the model's name (default: the project's)")
    .option('--batch-size <n>', 'pictures the optimizer sees at a time', integer(2, 4096))
    .option('--accumulate <n>', 'turns into which a batch is divided, to fit memory', integer(1, 1024))
    .option('--image-size <WxH>', "the network's input, multiples of 32 (default: by the pictures)", imageSize)
    .addOption(choice('--optimizer <name>', 'how weights are moved (default: adamw)', ['adamw', 'sgd', 'lion']))
    .option('--learning-rate <x>', 'at its peak', number(0, 10))
    .option('--weight-decay <x>', 'how strongly weights are pulled to 0', number(0, 10))
    .addOption(
      choice('--schedule <name>', 'of the learning rate (default: cosine)', [
        'cosine',
        'one-cycle',
        'step',
        'constant',
      ]),
    )
    .option('--warm-up <part>', 'part of the training in which the learning rate rises', number(0, 0.999))
    .option('--loss <name>', 'what is minimized; a wrong name lists those of the task')
    .option('--label-smoothing <part>', 'part of a label that is spread over all classes', number(0, 0.999))
    .addOption(
      choice('--box-loss <name>', 'overlap of boxes that is raised (default: giou)', ['giou', 'diou', 'ciou', 'iou']),
    )
    .option('--teacher <model>', 'a classifier whose answers are learnt along with the labels')
    .option('--augment <policy>', "'none', or changes to the usual augmentation as JSON or a file of it", augment)
    .option('--monitor <metric>', 'the metric that decides which weights are kept')
    .option('--patience <n>', 'end after so many evaluations without a better one', integer(1, 10_000))
    .option('--device <name>', 'where the numbers are computed: cpu, cuda, webgpu, coreml, directml (default: cpu)')
    .option('--cache-size <size>', 'decoded pictures kept on disk at the most, 0 for none (default: 50GB)', bytes)
    .option('--allow-empty-classes', 'go on where a class has no pictures to train on');
}

/** The request those options make; the path of a model's file is made absolute, so that the run can be resumed anywhere. */
export function requestOf({ timeLimit, boxLoss, cacheSize, ...choices }: TrainChoices): NewRun {
  const file = (name: string | undefined) => (name?.endsWith('.onnx') ? resolve(name) : name);
  const request = {
    ...choices,
    from: file(choices.from),
    teacher: file(choices.teacher),
    timeLimitSeconds: timeLimit,
    box: boxLoss,
    cacheBytes: cacheSize,
  };
  const given = Object.entries(request).filter(([name, value]) => value !== undefined && !commonNames.has(name));
  return Object.fromEntries(given) as NewRun;
}

/** Options that say where and how the command works, not how a model is trained. */
const commonNames = new Set(['project', 'home', 'server', 'json']);
