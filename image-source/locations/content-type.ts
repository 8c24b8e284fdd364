const CONTENT_TYPES: ReadonlyMap<string, string> = new Map([
  ['jpg', 'image/jpeg'],
  ['jpeg', 'image/jpeg'],
  ['jpe', 'image/jpeg'],
  ['jfif', 'image/jpeg'],
  ['png', 'image/png'],
  ['gif', 'image/gif'],
  ['webp', 'image/webp'],
  ['avif', 'image/avif'],
  ['tif', 'image/tiff'],
  ['tiff', 'image/tiff'],
  ['bmp', 'image/bmp'],
]);

function extensionOf(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1).toLowerCase();
}

/** By the name's extension alone; nothing is read to list an object. */
export function contentTypeOf(name: string): string {
  return CONTENT_TYPES.get(extensionOf(name)) ?? 'application/octet-stream';
}

/** Whether a folder's listing takes the object for an image. */
export function isImageName(name: string): boolean {
  return name.includes('.') && CONTENT_TYPES.has(extensionOf(name));
}
