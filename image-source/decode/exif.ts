/** EXIF orientation: 1 upright, 2 to 8 mirrored and turned as TIFF tag 0x0112 defines. */
export type Orientation = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8;

const ORIENTATION_TAG = 0x0112;
const MAX_ENTRIES = 512;

export function asOrientation(value: number | undefined): Orientation {
  switch (value) {
    case 2:
    case 3:
    case 4:
    case 5:
    case 6:
    case 7:
    case 8:
      return value;
    default:
      return 1;
  }
}

/** Whether the upright image is as wide as the stored one is high. */
export function swapsSides(orientation: Orientation): boolean {
  return orientation >= 5;
}

/**
 * Orientation in a JPEG's APP1 payload ("Exif\0\0" and a TIFF structure). Damaged EXIF counts as none: cameras and
 * editors write plenty of it, and the pixels are sound.
 */
export function exifOrientation(payload: Uint8Array): Orientation | undefined {
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  if (payload.length < 14 || view.getUint32(0) !== 0x45786966 || view.getUint16(4) !== 0) return undefined;
  const tiff = 6;
  const order = view.getUint16(tiff);
  if (order !== 0x4949 && order !== 0x4d4d) return undefined;
  const little = order === 0x4949;
  if (view.getUint16(tiff + 2, little) !== 42) return undefined;
  const directory = tiff + view.getUint32(tiff + 4, little);
  if (directory + 2 > payload.length) return undefined;
  const entries = Math.min(view.getUint16(directory, little), MAX_ENTRIES);
  for (let entry = 0; entry < entries; entry++) {
    const at = directory + 2 + entry * 12;
    if (at + 12 > payload.length) return undefined;
    if (view.getUint16(at, little) === ORIENTATION_TAG) {
      return asOrientation(view.getUint16(at + 8, little));
    }
  }
  return undefined;
}
