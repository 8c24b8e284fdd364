import {
  arc,
  arrowHead,
  box,
  disc,
  move,
  onCircle,
  type Paint,
  type Point,
  polygon,
  type Shape,
} from './geometry.ts';
import { type Glyph, word } from './glyphs.ts';
import type { Random } from './random.ts';

/** The classes of the bundled model, in the order of its outputs: the same as labels.txt. */
export const TRAFFIC_SIGNS = [
  'no_entry',
  'no_overtaking',
  'parking',
  'pedestrian_crossing',
  'priority_road',
  'roundabout',
  'speed_limit_30',
  'speed_limit_50',
  'speed_limit_80',
  'stop',
  'turn_right',
  'yield',
] as const;

export type TrafficSign = (typeof TRAFFIC_SIGNS)[number];

function area(points: readonly Point[], paint: Paint): Shape {
  return { kind: 'area', points, paint };
}

function line(points: readonly Point[], width: number, paint: Paint): Shape {
  return { kind: 'line', points, width, cap: 'butt', paint };
}

/** A white disc in a red ring: what is forbidden stands inside. */
function prohibition(random: Random): Shape[] {
  return [
    area(disc(0, 0, 1), 'rim'),
    area(disc(0, 0, 0.97), 'red'),
    area(disc(0, 0, random.between(0.72, 0.8)), 'white'),
  ];
}

function mandatory(): Shape[] {
  return [area(disc(0, 0, 1), 'rim'), area(disc(0, 0, 0.97), 'white'), area(disc(0, 0, 0.92), 'blue')];
}

function panel(rounding: number): Shape[] {
  const square = (half: number) => polygon(4, half * Math.SQRT2, 45, rounding);
  return [area(square(0.93), 'rim'), area(square(0.91), 'white'), area(square(0.85), 'blue')];
}

function speedLimit(tens: Glyph, random: Random): Shape[] {
  const lettering = {
    width: random.between(0.92, 1.08),
    height: random.between(0.74, 0.86),
    cx: random.around(0.03),
    cy: random.around(0.03),
    stroke: random.between(0.13, 0.18),
    paint: 'black',
  } as const;
  return [...prohibition(random), ...word([tens, '0'], lettering)];
}

/** A car from behind: cabin with its window, body, two wheels. */
function car(dx: number, paint: Paint): Shape[] {
  const cabin: Point[] = [
    [-0.2, 0],
    [-0.13, -0.24],
    [0.13, -0.24],
    [0.2, 0],
  ];
  const window: Point[] = [
    [-0.12, -0.03],
    [-0.09, -0.18],
    [0.09, -0.18],
    [0.12, -0.03],
  ];
  return [
    area(move(cabin, dx, 0), paint),
    area(move(window, dx, 0), 'white'),
    area(move(box(-0.26, -0.02, 0.26, 0.2), dx, 0), paint),
    area(move(box(-0.24, 0.18, -0.12, 0.32), dx, 0), paint),
    area(move(box(0.12, 0.18, 0.24, 0.32), dx, 0), paint),
  ];
}

/** Somebody walking over a zebra crossing, to the left or to the right: both hang in the streets. */
function walker(random: Random): Shape[] {
  const side = random.chance(0.5) ? 1 : -1;
  const limb = (points: Point[], width: number) =>
    line(
      points.map(([x, y]): Point => [x * side, y]),
      width,
      'black',
    );
  return [
    area(disc(0.03 * side, -0.34, 0.09), 'black'),
    limb(
      [
        [0.0, -0.24],
        [-0.02, 0.06],
      ],
      0.17,
    ),
    limb(
      [
        [-0.02, 0.02],
        [0.13, 0.2],
        [0.2, 0.4],
      ],
      0.1,
    ),
    limb(
      [
        [-0.02, 0.02],
        [-0.1, 0.24],
        [-0.26, 0.38],
      ],
      0.1,
    ),
    limb(
      [
        [0.0, -0.2],
        [0.16, -0.08],
        [0.24, 0.02],
      ],
      0.07,
    ),
    limb(
      [
        [-0.01, -0.2],
        [-0.14, -0.06],
        [-0.2, 0.06],
      ],
      0.07,
    ),
    ...[-0.42, -0.2, 0.02, 0.24].map((x) => area(box(x, 0.44, x + 0.14, 0.54), 'black')),
  ];
}

function roundabout(random: Random): Shape[] {
  const radius = random.between(0.48, 0.56);
  const width = random.between(0.15, 0.2);
  // Counter-clockwise, as traffic that keeps to the right circles.
  return [90, 210, 330].flatMap((start) => {
    const end = start - 72;
    return [
      line(arc(0, 0, radius, radius, start, end), width, 'white'),
      area(arrowHead(onCircle(radius, end), end - 90, 0.32, width * 1.15), 'white'),
    ];
  });
}

function turnRight(random: Random): Shape[] {
  const width = random.between(0.17, 0.23);
  const shaft: Point[] = [[-0.32, 0.58], ...arc(-0.02, 0.08, 0.3, 0.3, 180, 270), [0.22, -0.22]];
  return [line(shaft, width, 'white'), area(arrowHead([0.2, -0.22], 0, 0.42, width * 1.5), 'white')];
}

function stop(random: Random): Shape[] {
  const octagon = (radius: number) => polygon(8, radius, 22.5, 0.03);
  const lettering = {
    width: random.between(1.32, 1.5),
    height: random.between(0.5, 0.62),
    cx: 0,
    cy: random.around(0.03),
    stroke: random.between(0.1, 0.14),
    paint: 'white',
  } as const;
  return [
    area(octagon(1.05), 'rim'),
    area(octagon(1.03), 'white'),
    area(octagon(0.96), 'red'),
    ...word(['S', 'T', 'O', 'P'], lettering),
  ];
}

function yieldSign(random: Random): Shape[] {
  const triangle = (radius: number) => move(polygon(3, radius, 90, 0.09), 0, -0.22);
  return [
    area(triangle(1.2), 'rim'),
    area(triangle(1.17), 'red'),
    area(triangle(random.between(0.68, 0.78)), 'white'),
  ];
}

/** The shapes of one sign, back to front, with the small differences between one maker's signs and another's. */
export function drawSign(sign: TrafficSign, random: Random): Shape[] {
  switch (sign) {
    case 'no_entry': {
      const half = random.between(0.13, 0.18);
      const plate = [
        area(disc(0, 0, 1), 'rim'),
        area(disc(0, 0, 0.98), 'white'),
        area(disc(0, 0, 0.94), 'red'),
      ];
      return [...plate, area(box(-0.7, -half, 0.7, half), 'white')];
    }
    case 'no_overtaking':
      return [...prohibition(random), ...car(-0.31, 'red'), ...car(0.31, 'black')];
    case 'parking': {
      const lettering = { width: random.between(0.62, 0.76), height: random.between(1, 1.2) } as const;
      const place = {
        cx: random.around(0.04),
        cy: 0,
        stroke: random.between(0.2, 0.26),
        paint: 'white',
      } as const;
      return [...panel(0.1), ...word(['P'], { ...lettering, ...place })];
    }
    case 'pedestrian_crossing':
      return [...panel(0.1), area(move(polygon(3, 0.86, -90, 0.02), 0, 0.22), 'white'), ...walker(random)];
    case 'priority_road': {
      const diamond = (radius: number) => polygon(4, radius, 0, 0.08);
      return [
        area(diamond(1.08), 'rim'),
        area(diamond(1.05), 'white'),
        area(diamond(random.between(0.7, 0.8)), 'yellow'),
      ];
    }
    case 'roundabout':
      return [...mandatory(), ...roundabout(random)];
    case 'speed_limit_30':
      return speedLimit('3', random);
    case 'speed_limit_50':
      return speedLimit('5', random);
    case 'speed_limit_80':
      return speedLimit('8', random);
    case 'stop':
      return stop(random);
    case 'turn_right':
      return [...mandatory(), ...turnRight(random)];
    case 'yield':
      return yieldSign(random);
  }
}
