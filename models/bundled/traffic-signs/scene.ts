import { drawBackdrop, type Size } from './backdrop.ts';
import { css, mix, near, type Rgb } from './colour.ts';
import { type Paint, type Point, type Pose, pathData, project, type Shape } from './geometry.ts';
import type { Random } from './random.ts';
import { drawSign, type TrafficSign } from './signs.ts';

export interface Scene {
  readonly svg: string;
  readonly size: Size;
}

type Palette = Readonly<Record<Paint, Rgb>>;

/** The colours of one weathered sign: paint differs, fades in the sun and gathers dirt. */
function paints(random: Random): Palette {
  const faded: Rgb = near([185, 180, 172], 15, random);
  const age = random.between(0, random.chance(0.2) ? 0.5 : 0.22);
  const paint = (colour: Rgb): Rgb => mix(near(colour, 14, random), faded, age);
  return {
    red: paint([188, 24, 32]),
    white: paint([244, 244, 240]),
    blue: paint([20, 82, 168]),
    yellow: paint([248, 196, 22]),
    black: paint([22, 22, 24]),
    rim: near([105, 105, 108], 50, random),
  };
}

function choosePose({ width, height }: Size, random: Random): Pose {
  const shorter = Math.min(width, height);
  const radius = (shorter * random.between(0.45, 0.9)) / 2;
  // The plate may touch the border and lose up to a twentieth of its width behind it.
  const slackX = Math.max(0, width / 2 - radius * 0.95);
  const slackY = Math.max(0, height / 2 - radius * 0.95);
  return {
    cx: width / 2 + random.around(slackX),
    cy: height / 2 + random.around(slackY),
    radius,
    roll: random.around(20),
    yaw: random.around(48),
    pitch: random.around(26),
    distance: random.between(3, 9),
  };
}

function drawShape(shape: Shape, pose: Pose, palette: Palette): string {
  const points = shape.points.map((point) => project(point, pose));
  const colour = css(palette[shape.paint]);
  switch (shape.kind) {
    case 'area':
      return `<path d="${pathData(points, true)}" fill="${colour}"/>`;
    case 'line': {
      const width = (shape.width * pose.radius).toFixed(2);
      return `<path d="${pathData(points, false)}" fill="none" stroke="${colour}" stroke-width="${width}" stroke-linejoin="round" stroke-linecap="${shape.cap}"/>`;
    }
  }
}

function drawPole(pose: Pose, height: number, random: Random): string {
  const half = pose.radius * random.between(0.04, 0.08);
  const [x, y] = project([random.around(0.06), 0], pose);
  const lean = (height - y) * random.around(0.08);
  const metal = near([120, 122, 125], 45, random);
  const corners: Point[] = [
    [x - half, y],
    [x + half, y],
    [x + half + lean, height],
    [x - half + lean, height],
  ];
  return `<path d="${pathData(corners, true)}" fill="${css(metal)}"/>`;
}

/** A small white plate under the sign, with lines where its text would be. */
function drawSubplate(pose: Pose, random: Random): string {
  const corner = (x: number, y: number) => project([x, y], pose);
  const half = random.between(0.4, 0.8);
  const plate = [corner(-half, 1.15), corner(half, 1.15), corner(half, 1.6), corner(-half, 1.6)];
  const lines = [1.28, 1.45].map((y) => {
    const end = random.between(0, half * 0.8);
    const text = pathData([corner(-half * 0.8, y), corner(end, y)], false);
    return `<path d="${text}" stroke="#333" stroke-width="${(pose.radius * 0.07).toFixed(2)}"/>`;
  });
  return `<path d="${pathData(plate, true)}" fill="${css(near([225, 225, 222], 18, random))}"/>${lines.join('')}`;
}

/** The shadow of something that stands between the sun and the sign: a band with a soft or a hard edge. */
function drawShadow(pose: Pose, random: Random): string {
  const { cx, cy, radius } = pose;
  const blur = random.between(0.2, radius * 0.12);
  const shift = random.between(-1, 1) * radius;
  const depth = random.between(0.4, 2) * radius;
  const turn = random.between(0, 360);
  const opacity = random.between(0.2, 0.55);
  const place = `x="${cx - 3 * radius}" y="${cy + shift}" width="${6 * radius}" height="${depth}"`;
  return (
    `<filter id="soft"><feGaussianBlur stdDeviation="${blur.toFixed(2)}"/></filter>` +
    `<rect ${place} transform="rotate(${turn.toFixed(1)} ${cx} ${cy})" opacity="${opacity.toFixed(2)}" filter="url(#soft)"/>`
  );
}

/** Twigs, stickers and dirt in front of the sign, none large enough to hide what it says. */
function drawObstacles(pose: Pose, random: Random): string {
  return Array.from({ length: random.integer(1, 5) }, () => {
    const [x, y] = project([random.between(-1, 1), random.between(-1, 1)], pose);
    const radius = pose.radius * random.between(0.03, 0.13);
    const colour = random.pick<Rgb>([
      [50, 80, 35],
      [70, 60, 50],
      [215, 215, 210],
    ]);
    const turn = `rotate(${random.between(0, 180).toFixed(1)} ${x.toFixed(1)} ${y.toFixed(1)})`;
    const opacity = random.between(0.5, 1).toFixed(2);
    return `<ellipse cx="${x}" cy="${y}" rx="${radius}" ry="${radius * random.between(0.3, 1)}" fill="${css(near(colour, 20, random))}" transform="${turn}" opacity="${opacity}"/>`;
  }).join('');
}

/** Sunlight that glances off one side of the plate. */
function drawGlare(sign: string, pose: Pose, random: Random): string {
  const { cx, cy, radius } = pose;
  const [x, y] = [cx + random.between(-1, 1) * radius, cy + random.between(-1, 1) * radius];
  const gradient = `<radialGradient id="glare" gradientUnits="userSpaceOnUse" cx="${x}" cy="${y}" r="${radius * random.between(0.6, 1.6)}"><stop stop-color="#fff"/><stop offset="1" stop-color="#fff" stop-opacity="0"/></radialGradient>`;
  return `${gradient}<path d="${sign}" fill="url(#glare)" opacity="${random.between(0.1, 0.5).toFixed(2)}"/>`;
}

function chooseSize(random: Random): Size {
  const side = random.integer(64, 160);
  const narrow = Math.max(64, Math.round(side * random.between(0.72, 1)));
  return random.chance(0.5) ? { width: side, height: narrow } : { width: narrow, height: side };
}

/** One sign in its surroundings, as SVG without text or outside references. */
export function drawScene(sign: TrafficSign, random: Random): Scene {
  const size = chooseSize(random);
  const { width, height } = size;
  const pose = choosePose(size, random);
  const palette = paints(random);
  const shapes = drawSign(sign, random);
  const parts = [drawBackdrop(size, random)];
  if (random.chance(0.75)) parts.push(drawPole(pose, height, random));
  if (random.chance(0.15)) parts.push(drawSubplate(pose, random));
  parts.push(...shapes.map((shape) => drawShape(shape, pose, palette)));
  const outline = shapes[0]?.points.map((point) => project(point, pose)) ?? [];
  if (random.chance(0.3)) parts.push(drawGlare(pathData(outline, true), pose, random));
  if (random.chance(0.3)) parts.push(drawShadow(pose, random));
  if (random.chance(0.25)) parts.push(drawObstacles(pose, random));
  const frame = `xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"`;
  return { svg: `<svg ${frame}>${parts.join('')}</svg>`, size };
}
