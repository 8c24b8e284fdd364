import type { Random } from './random.ts';

export type Rgb = readonly [red: number, green: number, blue: number];

export function css(colour: Rgb): string {
  const channels = colour.map((channel) => Math.round(Math.min(255, Math.max(0, channel))));
  return `rgb(${channels.join(',')})`;
}

/** The colour moved towards another: 0 is the colour itself, 1 the other. */
export function mix(colour: Rgb, other: Rgb, share: number): Rgb {
  return [
    colour[0] + (other[0] - colour[0]) * share,
    colour[1] + (other[1] - colour[1]) * share,
    colour[2] + (other[2] - colour[2]) * share,
  ];
}

/** A colour near the given one: all channels move by up to `spread` together, each by up to half of it alone. */
export function near(colour: Rgb, spread: number, random: Random): Rgb {
  const all = random.between(-spread, spread);
  return [
    colour[0] + all + random.between(-spread, spread) / 2,
    colour[1] + all + random.between(-spread, spread) / 2,
    colour[2] + all + random.between(-spread, spread) / 2,
  ];
}
