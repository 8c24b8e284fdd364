import { css, mix, near, type Rgb } from './colour.ts';
import type { Random } from './random.ts';

export interface Size {
  readonly width: number;
  readonly height: number;
}

const SKIES: readonly [Rgb, ...Rgb[]] = [
  [120, 170, 225],
  [190, 205, 220],
  [165, 170, 178],
  [235, 190, 150],
  [70, 90, 130],
];
const WALLS: readonly [Rgb, ...Rgb[]] = [
  [150, 90, 75],
  [190, 175, 150],
  [130, 130, 132],
  [205, 200, 192],
  [96, 84, 78],
];
/** What stands or drives behind a sign, in the colours of signs too: a red blob must not mean "stop". */
const CLUTTER: readonly [Rgb, ...Rgb[]] = [
  [180, 30, 35],
  [30, 70, 150],
  [225, 190, 40],
  [240, 240, 238],
  [25, 25, 28],
  [60, 110, 60],
  [120, 120, 125],
  [210, 110, 40],
];
const ASPHALT: Rgb = [92, 92, 96];
const FOLIAGE: Rgb = [62, 92, 45];
const WHITE: Rgb = [255, 255, 255];
const BLACK: Rgb = [0, 0, 0];

function rect(x: number, y: number, width: number, height: number, fill: string, rest = ''): string {
  const place = `x="${x.toFixed(1)}" y="${y.toFixed(1)}" width="${width.toFixed(1)}" height="${height.toFixed(1)}"`;
  return `<rect ${place} fill="${fill}" ${rest}/>`;
}

function ellipse(cx: number, cy: number, rx: number, ry: number, fill: string, rest = ''): string {
  const place = `cx="${cx.toFixed(1)}" cy="${cy.toFixed(1)}" rx="${rx.toFixed(1)}" ry="${ry.toFixed(1)}"`;
  return `<ellipse ${place} fill="${fill}" ${rest}/>`;
}

function repeat(times: number, draw: () => string): string {
  return Array.from({ length: times }, draw).join('');
}

function sky({ width, height }: Size, random: Random): string {
  const top = near(random.pick(SKIES), 18, random);
  const bottom = mix(top, WHITE, random.between(0.1, 0.6));
  const gradient = `<linearGradient id="sky" x2="0" y2="1"><stop stop-color="${css(top)}"/><stop offset="1" stop-color="${css(bottom)}"/></linearGradient>`;
  const cloud = mix(top, WHITE, 0.75);
  const clouds = repeat(random.integer(0, 5), () =>
    ellipse(
      random.between(0, width),
      random.between(0, height * 0.7),
      random.between(0.1, 0.4) * width,
      random.between(0.03, 0.12) * height,
      css(cloud),
      `opacity="${random.between(0.3, 0.9).toFixed(2)}"`,
    ),
  );
  return gradient + rect(0, 0, width, height, 'url(#sky)') + clouds;
}

function trees({ width, height }: Size, ground: number, random: Random): string {
  const count = random.integer(10, 30);
  return repeat(count, () => {
    const radius = random.between(0.05, 0.2) * width;
    const leaf = mix(near(FOLIAGE, 22, random), BLACK, random.between(0, 0.4));
    const y = random.between(ground - 0.25 * height, ground + 0.02 * height);
    return ellipse(random.between(0, width), y, radius, radius * random.between(0.7, 1.5), css(leaf));
  });
}

function houses({ width, height }: Size, ground: number, random: Random): string {
  return repeat(random.integer(2, 5), () => {
    const wall = near(random.pick(WALLS), 15, random);
    const glass = mix(wall, random.chance(0.2) ? WHITE : BLACK, random.between(0.3, 0.7));
    const left = random.between(-0.2, 0.9) * width;
    const top = random.between(-0.1, 0.5) * height;
    const houseWidth = random.between(0.25, 0.6) * width;
    const pitch = random.between(0.08, 0.16) * width;
    const windows: string[] = [];
    for (let y = top + pitch / 2; y < ground - pitch; y += pitch * 1.3) {
      for (let x = left + pitch / 2; x < left + houseWidth - pitch / 2; x += pitch) {
        windows.push(rect(x, y, pitch * 0.5, pitch * 0.7, css(glass)));
      }
    }
    return rect(left, top, houseWidth, Math.max(1, ground - top), css(wall)) + windows.join('');
  });
}

function road({ width, height }: Size, horizon: number, random: Random): string {
  const vanishing = random.between(-0.2, 1.2) * width;
  const verge = near(mix(FOLIAGE, [150, 140, 90], random.between(0, 0.7)), 15, random);
  const asphalt = near(ASPHALT, 15, random);
  const left = random.between(-0.8, 0.3) * width;
  const right = random.between(0.7, 1.8) * width;
  const lane = `M${vanishing} ${horizon}L${left} ${height}L${right} ${height}Z`;
  const middle = (left + right) / 2;
  const mark = `M${vanishing} ${horizon}L${middle} ${height}`;
  return (
    rect(0, horizon, width, height - horizon, css(verge)) +
    `<path d="${lane}" fill="${css(asphalt)}"/>` +
    `<path d="${mark}" stroke="${css(mix(asphalt, WHITE, 0.7))}" stroke-width="${width / 40}" stroke-dasharray="${height / 14} ${height / 10}"/>`
  );
}

function clutter({ width, height }: Size, random: Random): string {
  return repeat(random.integer(0, 6), () => {
    const fill = css(near(random.pick(CLUTTER), 20, random));
    const x = random.between(-0.1, 1) * width;
    const y = random.between(0.1, 1) * height;
    const size = random.between(0.05, 0.28) * width;
    const long = size * random.between(0.4, 1.4);
    const turned = `transform="rotate(${random.between(-20, 20).toFixed(1)} ${x.toFixed(1)} ${y.toFixed(1)})"`;
    return random.chance(0.5)
      ? rect(x, y, size, long, fill, turned)
      : ellipse(x, y, size / 2, long / 2, fill);
  });
}

/** A noise texture over everything: bark, plaster, gravel, haze. */
function texture({ width, height }: Size, random: Random): string {
  const frequency = `${random.between(0.02, 0.35).toFixed(3)} ${random.between(0.02, 0.35).toFixed(3)}`;
  const noise = `<feTurbulence type="fractalNoise" baseFrequency="${frequency}" numOctaves="2" seed="${random.integer(1, 9999)}"/>`;
  const grey = '<feColorMatrix values=".7 0 0 0 0 .7 0 0 0 0 .7 0 0 0 0 0 0 0 0 1"/>';
  const filter = `<filter id="texture" x="0" y="0" width="1" height="1">${noise}${grey}</filter>`;
  const opacity = random.between(0.1, 0.45).toFixed(2);
  return filter + rect(0, 0, width, height, 'none', `filter="url(#texture)" opacity="${opacity}"`);
}

/** What is behind the sign, as SVG: a street, a town, a wood, the sky or a wall, out of focus or not. */
export function drawBackdrop(size: Size, random: Random): string {
  const { width, height } = size;
  const ground = random.between(0.45, 0.95) * height;
  const parts: string[] = [];
  switch (random.pick(['street', 'town', 'wood', 'sky', 'wall'])) {
    case 'street':
      parts.push(sky(size, random), trees(size, ground, random), road(size, ground, random));
      break;
    case 'town':
      parts.push(sky(size, random), houses(size, ground, random), road(size, ground, random));
      break;
    case 'wood':
      parts.push(rect(0, 0, width, height, css(near([58, 70, 45], 20, random))));
      parts.push(
        trees(size, 0.3 * height, random),
        trees(size, 0.7 * height, random),
        trees(size, height, random),
      );
      break;
    case 'sky':
      parts.push(sky(size, random));
      break;
    case 'wall':
      parts.push(rect(0, 0, width, height, css(near(random.pick(WALLS), 25, random))));
      break;
  }
  parts.push(clutter(size, random));
  if (random.chance(0.6)) parts.push(texture(size, random));
  const blur = random.chance(0.6) ? random.between(0.3, 2.5) : 0;
  if (blur === 0) return parts.join('');
  const filter = `<filter id="depth" x="0" y="0" width="1" height="1"><feGaussianBlur stdDeviation="${blur.toFixed(2)}" edgeMode="duplicate"/></filter>`;
  return `${filter}<g filter="url(#depth)">${parts.join('')}</g>`;
}
