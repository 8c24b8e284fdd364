import type { LayerRef } from '../../graph/layer-ref.ts';
import type { Layout } from '../../graph/ops/layout.ts';
import { compilerDefect } from '../../model-error.ts';

/** ONNX' spatial operators know channels-first only: the layout pass must have run. */
export function requireChannelsFirst(layout: Layout, layer: LayerRef): void {
  if (layout !== 'channelsFirst') throw compilerDefect(`${layer.name} reached ONNX channels-last`);
}
