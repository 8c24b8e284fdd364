import sharp, { type Sharp } from 'sharp';
import type { Random } from './random.ts';
import type { Scene } from './scene.ts';

/** What the light and the sensor do to a pixel: a curve per channel, as tables of 256 entries. */
function exposure(random: Random): Float32Array[] {
  const dark = random.chance(0.15);
  const gain = dark ? random.between(0.3, 0.55) : random.between(0.65, 1.25);
  const contrast = random.between(0.65, 1.2);
  const gamma = random.between(0.8, 1.25);
  return [0, 1, 2].map(() => {
    const cast = gain * random.between(0.88, 1.12);
    return Float32Array.from({ length: 256 }, (_, level) => {
      const lit = 255 * (level / 255) ** gamma * cast;
      return 128 * gain + (lit - 128 * gain) * contrast;
    });
  });
}

/** Optics: lens blur, or the blur of a moving car, which is longer in one direction. */
function blurred(image: Sharp, random: Random): Sharp {
  if (random.chance(0.2)) {
    const side = random.pick([3, 5]);
    const horizontal = random.chance(0.7);
    const middle = (side - 1) / 2;
    const kernel = Array.from({ length: side * side }, (_, cell) => {
      const across = horizontal ? Math.floor(cell / side) : cell % side;
      return across === middle ? 1 : 0;
    });
    return image.convolve({ width: side, height: side, kernel });
  }
  return random.chance(0.7) ? image.blur(random.between(0.35, 1.4)) : image;
}

/** Photographs a scene: blur, exposure, sensor noise, JPEG. The same scene and stream give the same bytes. */
export async function photograph(scene: Scene, random: Random): Promise<Buffer> {
  const { width, height } = scene.size;
  // Some pictures are enlarged crops: fewer real pixels than the file has.
  const zoom = random.chance(0.2) ? random.between(0.5, 0.9) : 1;
  const rendered = sharp(Buffer.from(scene.svg)).removeAlpha().toColourspace('srgb');
  const coarse =
    zoom === 1
      ? rendered
      : rendered.resize(Math.round(width * zoom), Math.round(height * zoom), { fit: 'fill' });
  const pixels = await blurred(coarse, random).raw().toBuffer({ resolveWithObject: true });

  const curves = exposure(random);
  const deviation = random.between(1, random.chance(0.2) ? 14 : 7);
  const colourNoise = random.between(0.2, 0.8);
  const data = pixels.data;
  for (let pixel = 0; pixel < data.length; pixel += 3) {
    const grey = random.noise() * deviation * (1 - colourNoise);
    for (let channel = 0; channel < 3; channel++) {
      const lit = curves[channel]?.[data[pixel + channel] ?? 0] ?? 0;
      const value = lit + grey + random.noise() * deviation * colourNoise;
      data[pixel + channel] = value < 0 ? 0 : value > 255 ? 255 : Math.round(value);
    }
  }

  const { info } = pixels;
  const developed = sharp(data, { raw: { width: info.width, height: info.height, channels: 3 } });
  const enlarged = zoom === 1 ? developed : developed.resize(width, height, { fit: 'fill', kernel: 'cubic' });
  const chromaSubsampling = random.chance(0.7) ? '4:2:0' : '4:4:4';
  return enlarged.jpeg({ quality: random.integer(40, 90), chromaSubsampling }).toBuffer();
}
