/** Every architecture of keras.applications by its name, in the JSON that Keras writes for it. */
import { type Architecture, type ArchitectureOptions, buildModel } from './architecture.ts';
import { ArchitectureBuilder } from './builder.ts';
import { convnext } from './convnext.ts';
import { densenet } from './densenet.ts';
import { efficientnet } from './efficientnet.ts';
import { efficientnetV2 } from './efficientnet-v2.ts';
import { inceptionV3 } from './inception.ts';
import { inceptionResnetV2 } from './inception-resnet.ts';
import { mobilenet, mobilenetV2 } from './mobilenet.ts';
import { mobilenetV3Large, mobilenetV3Small } from './mobilenet-v3.ts';
import { NASNET_LARGE, NASNET_MOBILE, nasnet } from './nasnet.ts';
import { resnet, resnetV2 } from './resnet.ts';
import { vgg } from './vgg.ts';
import { xception } from './xception.ts';

export type { ArchitectureOptions, Pooling } from './architecture.ts';

const CONVNEXT_DEPTHS = { tiny: [3, 3, 9, 3], others: [3, 3, 27, 3] };

const ARCHITECTURES: Readonly<Record<string, Architecture>> = {
  MobileNet: mobilenet(1),
  MobileNetV2: mobilenetV2(1),
  MobileNetV3Small: mobilenetV3Small,
  MobileNetV3Large: mobilenetV3Large,
  ResNet50: resnet([3, 4, 6, 3]),
  ResNet101: resnet([3, 4, 23, 3]),
  ResNet152: resnet([3, 8, 36, 3]),
  ResNet50V2: resnetV2([3, 4, 6, 3]),
  ResNet101V2: resnetV2([3, 4, 23, 3]),
  ResNet152V2: resnetV2([3, 8, 36, 3]),
  InceptionV3: inceptionV3,
  InceptionResNetV2: inceptionResnetV2,
  Xception: xception,
  VGG16: vgg([2, 2, 3, 3, 3]),
  VGG19: vgg([2, 2, 4, 4, 4]),
  DenseNet121: densenet([6, 12, 24, 16]),
  DenseNet169: densenet([6, 12, 32, 32]),
  DenseNet201: densenet([6, 12, 48, 32]),
  NASNetMobile: nasnet(NASNET_MOBILE),
  NASNetLarge: nasnet(NASNET_LARGE),
  EfficientNetB0: efficientnet(1, 1, 0.2),
  EfficientNetB1: efficientnet(1, 1.1, 0.2),
  EfficientNetB2: efficientnet(1.1, 1.2, 0.3),
  EfficientNetB3: efficientnet(1.2, 1.4, 0.3),
  EfficientNetB4: efficientnet(1.4, 1.8, 0.4),
  EfficientNetB5: efficientnet(1.6, 2.2, 0.4),
  EfficientNetB6: efficientnet(1.8, 2.6, 0.5),
  EfficientNetB7: efficientnet(2, 3.1, 0.5),
  EfficientNetV2B0: efficientnetV2('base', 1, 1),
  EfficientNetV2B1: efficientnetV2('base', 1, 1.1),
  EfficientNetV2B2: efficientnetV2('base', 1.1, 1.2),
  EfficientNetV2B3: efficientnetV2('base', 1.2, 1.4),
  EfficientNetV2S: efficientnetV2('s', 1, 1),
  EfficientNetV2M: efficientnetV2('m', 1, 1),
  EfficientNetV2L: efficientnetV2('l', 1, 1),
  ConvNeXtTiny: convnext('convnext_tiny', CONVNEXT_DEPTHS.tiny, [96, 192, 384, 768]),
  ConvNeXtSmall: convnext('convnext_small', CONVNEXT_DEPTHS.others, [96, 192, 384, 768]),
  ConvNeXtBase: convnext('convnext_base', CONVNEXT_DEPTHS.others, [128, 256, 512, 1024]),
  ConvNeXtLarge: convnext('convnext_large', CONVNEXT_DEPTHS.others, [192, 384, 768, 1536]),
  ConvNeXtXLarge: convnext('convnext_xlarge', CONVNEXT_DEPTHS.others, [256, 512, 1024, 2048]),
};

const DEFAULTS: Omit<ArchitectureOptions, 'inputHeight_px' | 'inputWidth_px'> = {
  includeTop: true,
  classes: 1000,
  classifierActivation: 'softmax',
  pooling: undefined,
  imagenetScaling: false,
};

/** The names of all architectures, as Keras spells them. */
export const ARCHITECTURE_NAMES: readonly string[] = Object.keys(ARCHITECTURES);

/**
 * Keras' JSON of an architecture (what `parseArchitecture` reads): the same layers, names and order of weights as
 * `keras.applications` makes. Undefined when there is no architecture of this name (spelled as Keras spells it).
 *
 * @param size_px height and width of the input
 */
export function architectureJson(
  name: string,
  size_px: readonly [height: number, width: number],
  options: Partial<Omit<ArchitectureOptions, 'inputHeight_px' | 'inputWidth_px'>> = {},
): unknown {
  const architecture = Object.hasOwn(ARCHITECTURES, name) ? ARCHITECTURES[name] : undefined;
  if (architecture === undefined) return undefined;
  const [inputHeight_px, inputWidth_px] = size_px;
  const resolved: ArchitectureOptions = { ...DEFAULTS, ...options, inputHeight_px, inputWidth_px };
  return buildModel(name, new ArchitectureBuilder(), architecture, resolved);
}
