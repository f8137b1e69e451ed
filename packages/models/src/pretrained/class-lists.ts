/** The 80 classes of COCO detection, in the order of its category numbers. */
export const cocoClasses: readonly string[] = (
  'person,bicycle,car,motorcycle,airplane,bus,train,truck,boat,traffic light,fire hydrant,stop sign,parking meter,' +
  'bench,bird,cat,dog,horse,sheep,cow,elephant,bear,zebra,giraffe,backpack,umbrella,handbag,tie,suitcase,frisbee,' +
  'skis,snowboard,sports ball,kite,baseball bat,baseball glove,skateboard,surfboard,tennis racket,bottle,wine glass,' +
  'cup,fork,knife,spoon,bowl,banana,apple,sandwich,orange,broccoli,carrot,hot dog,pizza,donut,cake,chair,couch,' +
  'potted plant,bed,dining table,toilet,tv,laptop,mouse,remote,keyboard,cell phone,microwave,oven,toaster,sink,' +
  'refrigerator,book,clock,vase,scissors,teddy bear,hair drier,toothbrush'
).split(',');

/** The 19 classes of Cityscapes that are evaluated, in the order of their train ids. */
export const cityscapesClasses: readonly string[] = (
  'road,sidewalk,building,wall,fence,pole,traffic light,traffic sign,vegetation,terrain,sky,person,rider,car,truck,' +
  'bus,train,motorcycle,bicycle'
).split(',');

/** Background and the 20 classes of Pascal VOC, in the order of their numbers. */
export const pascalClasses: readonly string[] = (
  'background,aeroplane,bicycle,bird,boat,bottle,bus,car,cat,chair,cow,dining table,dog,horse,motorbike,person,' +
  'potted plant,sheep,sofa,train,tv'
).split(',');
