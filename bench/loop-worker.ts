/**
 * The hand-written loop that the query is compared with, as someone who knows both libraries writes it: sharp
 * decodes and resizes a batch on its threads while ONNX Runtime runs the one before it.
 */
import { InferenceSession, Tensor } from 'onnxruntime-node';
import sharp from 'sharp';

export type LoopOrder =
  | {
      readonly kind: 'load';
      readonly graph: string;
      readonly threads: number;
      readonly batch: number;
      readonly height: number;
      readonly width: number;
      readonly tensor: string;
    }
  | { readonly kind: 'run'; readonly files: readonly string[] };

export type LoopReport = { readonly kind: 'loaded' } | { readonly kind: 'done'; readonly images: number };

let loaded: { session: InferenceSession; order: Extract<LoopOrder, { kind: 'load' }> } | undefined;

sharp.concurrency(1);
sharp.cache(false);

process.on('message', (order: LoopOrder) => {
  handle(order).then(
    (report) => process.send?.(report),
    (error: unknown) => {
      process.stderr.write(`${error}\n`);
      process.exit(1);
    },
  );
});

async function handle(order: LoopOrder): Promise<LoopReport> {
  if (order.kind === 'load') {
    const session = await InferenceSession.create(order.graph, {
      executionProviders: ['cpu'],
      intraOpNumThreads: order.threads,
      interOpNumThreads: 1,
    });
    loaded = { session, order };
    return { kind: 'loaded' };
  }
  if (loaded === undefined) throw new Error('not loaded');
  const { session } = loaded;
  const { batch } = loaded.order;
  let images = 0;
  let next = decode(order.files.slice(0, batch));
  for (let from = 0; from < order.files.length; from += batch) {
    const pixels = await next;
    next = decode(order.files.slice(from + batch, from + 2 * batch));
    const rows = Math.min(batch, order.files.length - from);
    const { height, width, tensor } = loaded.order;
    await session.run({ [tensor]: new Tensor('uint8', pixels, [rows, height, width, 3]) });
    images += rows;
  }
  return { kind: 'done', images };
}

async function decode(files: readonly string[]): Promise<Uint8Array> {
  if (loaded === undefined) throw new Error('not loaded');
  const { height, width } = loaded.order;
  const size = height * width * 3;
  const pixels = new Uint8Array(files.length * size);
  await Promise.all(
    files.map(async (file, at) => {
      const image = sharp(file)
        .resize(width, height, { fit: 'fill' })
        .removeAlpha()
        .toColourspace('srgb')
        .raw();
      pixels.set(await image.toBuffer(), at * size);
    }),
  );
  return pixels;
}
