import { arc, type Point, type Shape } from './geometry.ts';

/** The characters that the signs need, as strokes in a box 0.6 wide and 1 high. */
const GLYPHS = {
  '0': [[...arc(0.3, 0.3, 0.27, 0.27, 180, 360), ...arc(0.3, 0.7, 0.27, 0.27, 0, 180), [0.03, 0.3]]],
  '3': [
    [
      ...arc(0.27, 0.26, 0.25, 0.24, 200, 360),
      ...arc(0.27, 0.26, 0.25, 0.22, 0, 90),
      [0.2, 0.48],
      [0.27, 0.48],
      ...arc(0.27, 0.74, 0.29, 0.25, 270, 360),
      ...arc(0.27, 0.74, 0.29, 0.24, 0, 160),
    ],
  ],
  '5': [
    [
      [0.53, 0.02],
      [0.1, 0.02],
      [0.07, 0.48],
      ...arc(0.28, 0.69, 0.28, 0.29, 225, 360),
      ...arc(0.28, 0.69, 0.28, 0.29, 0, 155),
    ],
  ],
  '8': [arc(0.3, 0.25, 0.23, 0.23, 0, 360), arc(0.3, 0.73, 0.28, 0.25, 0, 360)],
  S: [[...arc(0.3, 0.26, 0.25, 0.24, 345, 90), ...arc(0.3, 0.74, 0.26, 0.24, 270, 525)]],
  T: [
    [
      [0.02, 0.04],
      [0.58, 0.04],
    ],
    [
      [0.3, 0.04],
      [0.3, 1],
    ],
  ],
  O: [[...arc(0.3, 0.3, 0.27, 0.27, 180, 360), ...arc(0.3, 0.7, 0.27, 0.27, 0, 180), [0.03, 0.3]]],
  P: [[[0.08, 1], [0.08, 0.03], [0.3, 0.03], ...arc(0.3, 0.29, 0.26, 0.26, 270, 450), [0.08, 0.55]]],
} satisfies Record<string, Point[][]>;

export type Glyph = keyof typeof GLYPHS;

export interface Lettering {
  /** Of the whole word, in sign coordinates, centred on `cx`, `cy`. */
  readonly width: number;
  readonly height: number;
  readonly cx: number;
  readonly cy: number;
  readonly stroke: number;
  readonly paint: 'white' | 'black';
}

const GLYPH_WIDTH = 0.6;
const GAP = 0.18;

/** A word as strokes, stretched to the lettering's width and height. */
export function word(glyphs: readonly Glyph[], lettering: Lettering): Shape[] {
  const units = glyphs.length * GLYPH_WIDTH + (glyphs.length - 1) * GAP;
  const xScale = lettering.width / units;
  const left = lettering.cx - lettering.width / 2;
  const top = lettering.cy - lettering.height / 2;
  return glyphs.flatMap((glyph, position) =>
    GLYPHS[glyph].map((stroke): Shape => {
      const points = stroke.map(
        ([x = 0, y = 0]): Point => [
          left + (position * (GLYPH_WIDTH + GAP) + x) * xScale,
          top + y * lettering.height,
        ],
      );
      return { kind: 'line', points, width: lettering.stroke, cap: 'butt', paint: lettering.paint };
    }),
  );
}
