import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TestGraph } from '../testing/graphs.ts';
import { SpatialRegions } from './spatial-regions.ts';

describe('regions of values', () => {
  it('are spatial as far as nodes follow any order of axes', () => {
    const g = new TestGraph();
    const x = g.relu(g.input(6, 7, 3));
    const conv = g.conv(x, { filters: 4 });
    const sum = g.add({ kind: 'merge', mode: 'add' }, g.relu(conv), g.affine(conv));
    const flat = g.relu(g.flatten(sum));
    const regions = new SpatialRegions(g.finish(flat));
    for (const value of [x, conv, sum]) assert.ok(regions.isSpatial(value));
    assert.ok(!regions.isSpatial(flat));
    regions.markSpatial(flat);
    assert.ok(regions.isSpatial(flat));
  });

  it('end at a normalization of the last axis, which ONNX has only there', () => {
    const g = new TestGraph();
    const conv = g.conv(g.input(6, 7, 3), { filters: 4 });
    const normal = (axis: number, factors: number) =>
      g.add(
        {
          kind: 'layerNormalization',
          axes: [axis],
          mode: 'full',
          gamma: g.weight(factors),
          beta: undefined,
          epsilon: 0.001,
        },
        conv,
      );
    const [last, first] = [normal(2, 4), normal(0, 4)];
    const regions = new SpatialRegions(g.finish(last, first));
    assert.ok(!regions.isSpatial(last));
    assert.ok(regions.isSpatial(first));
  });
});
