/** The folders that one .slt file works in: fresh, and gone afterwards. */
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';

const ROOM = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

/** Solid colours; what the models of fixtures/ answer for them follows from these three numbers. */
export const COLOURS = [
  { name: 'red', kind: 'bright', rgb: [255, 0, 0] },
  { name: 'green', kind: 'bright', rgb: [0, 255, 0] },
  { name: 'blue', kind: 'bright', rgb: [0, 0, 255] },
  { name: 'maroon', kind: 'deep', rgb: [150, 0, 0] },
  { name: 'forest', kind: 'deep', rgb: [0, 120, 0] },
  { name: 'navy', kind: 'deep', rgb: [0, 0, 90] },
  { name: 'black', kind: 'night', rgb: [0, 0, 0] },
  { name: 'soot', kind: 'night', rgb: [9, 6, 3] },
] as const;

/** The models' input size, so that no resizing blurs what a reader expects. */
const SIZE_PX = 8;

export interface WorkFolders {
  readonly variables: ReadonlyMap<string, string>;
  readonly dataDir: string;
  readonly allowed: string;
  /** Makes everything as it was at first, with a data directory as `keepData` saved it (or an empty one). */
  reset(snapshot: string | undefined): Promise<void>;
  hasSnapshot(snapshot: string): boolean;
  /** Saves the data directory; the server must be closed. */
  keepData(snapshot: string): Promise<void>;
  remove(): Promise<void>;
}

/** One set of folders for all files, so that a saved data directory may name them. */
export async function makeFolders(): Promise<WorkFolders> {
  const root = await mkdtemp(path.join(tmpdir(), 'sqlens-slt-'));
  const [allowed, dataDir, outside] = [
    path.join(root, 'allowed'),
    path.join(root, 'data'),
    path.join(root, 'outside'),
  ];
  const template = path.join(root, 'template');
  const snapshots = new Map<string, string>();
  await mkdir(path.join(template, 'out'), { recursive: true });
  await mkdir(outside);
  await cp(path.join(ROOM, 'fixtures'), path.join(template, 'models'), { recursive: true });
  await cp(path.join(ROOM, '..', 'image-source', 'fixtures'), path.join(template, 'odd'), {
    recursive: true,
  });
  for (const { name, kind, rgb } of COLOURS) {
    const folder = path.join(template, 'colours', `kind=${kind}`);
    await mkdir(folder, { recursive: true });
    await writeFile(path.join(folder, `${name}.png`), await solid(rgb));
  }
  await writeFile(path.join(outside, 'secret.csv'), 'secret\n42\n');
  await writeFile(path.join(outside, 'secret.png'), await solid([255, 0, 0]));
  await symlink(outside, path.join(template, 'escape'));
  const copyTree = (from: string, to: string) =>
    cp(from, to, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true });
  const variables = new Map([
    ['ALLOWED', allowed],
    ['COLOURS', path.join(allowed, 'colours')],
    ['MODELS', path.join(allowed, 'models')],
    ['ODD', path.join(allowed, 'odd')],
    ['OUT', path.join(allowed, 'out')],
    ['OUTSIDE', outside],
    ['DATA_DIR', dataDir],
  ]);
  return {
    variables,
    dataDir,
    allowed,
    async reset(snapshot) {
      await rm(allowed, { recursive: true, force: true });
      await rm(dataDir, { recursive: true, force: true });
      await copyTree(template, allowed);
      const saved = snapshot === undefined ? undefined : snapshots.get(snapshot);
      if (saved !== undefined) await copyTree(saved, dataDir);
    },
    hasSnapshot: (snapshot) => snapshots.has(snapshot),
    async keepData(snapshot) {
      const saved = path.join(root, `snapshot-${snapshots.size}`);
      await copyTree(dataDir, saved);
      snapshots.set(snapshot, saved);
    },
    remove: () => rm(root, { recursive: true, force: true }),
  };
}

function solid([r, g, b]: readonly [number, number, number]): Promise<Buffer> {
  return sharp({ create: { width: SIZE_PX, height: SIZE_PX, channels: 3, background: { r, g, b } } })
    .png()
    .toBuffer();
}
