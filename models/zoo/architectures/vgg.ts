/** VGG 16 and 19: Simonyan and Zisserman, "Very Deep Convolutional Networks" (2014). */
import { type Architecture, poolFeatures } from './architecture.ts';

const FILTERS = [64, 128, 256, 512, 512];

/** @param depths convolutions in each of the five blocks */
export function vgg(depths: readonly number[]): Architecture {
  return (builder, input, options) => {
    let x = input;
    for (const [i, filters] of FILTERS.entries()) {
      const block = `block${i + 1}`;
      for (let j = 1; j <= (depths[i] ?? 0); j++) {
        x = builder.convolution(x, filters, 3, {
          name: `${block}_conv${j}`,
          padding: 'same',
          activation: 'relu',
        });
      }
      x = builder.maxPool(x, 2, { name: `${block}_pool`, strides: 2 });
    }
    if (!options.includeTop) return poolFeatures(builder, x, options.pooling);
    x = builder.flatten(x, 'flatten');
    x = builder.dense(x, 4096, 'relu', 'fc1');
    x = builder.dense(x, 4096, 'relu', 'fc2');
    return builder.dense(x, options.classes, options.classifierActivation, 'predictions');
  };
}
