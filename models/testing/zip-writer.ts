/** Writes zip archives, honest ones and others. */
import { crc32Of } from '../keras/read/zip.ts';

export interface ZipFile {
  readonly name: string;
  readonly data: Uint8Array;
  /** As the archive stores it; without it the data are stored as they are. */
  readonly deflated?: Uint8Array;
  /** What the directory says of it, where that is not the truth. */
  readonly says?: {
    readonly size_bytes?: number;
    readonly compressed_bytes?: number;
    readonly crc?: number;
    readonly method?: number;
    readonly flags?: number;
    readonly offset?: number;
  };
}

export function writeZip(files: readonly ZipFile[], count = files.length): Uint8Array {
  const chunks: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { name, data, deflated, says = {} } of files) {
    const stored = deflated ?? data;
    const nameBytes = Buffer.from(name);
    const fields = Buffer.alloc(26);
    fields.writeUInt16LE(20, 0);
    fields.writeUInt16LE(says.flags ?? 0, 2);
    fields.writeUInt16LE(says.method ?? (deflated === undefined ? 0 : 8), 4);
    fields.writeUInt32LE(says.crc ?? crc32Of(data), 10);
    fields.writeUInt32LE(says.compressed_bytes ?? stored.length, 14);
    fields.writeUInt32LE(says.size_bytes ?? data.length, 18);
    fields.writeUInt16LE(nameBytes.length, 22);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(says.offset ?? offset, 10);
    directory.push(Buffer.from('PK\x01\x02\x14\0', 'latin1'), fields, tail, nameBytes);
    const local = [Buffer.from('PK\x03\x04', 'latin1'), fields, nameBytes, Buffer.from(stored)];
    chunks.push(...local);
    offset += local.reduce((sum, { length }) => sum + length, 0);
  }
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(count, 8);
  end.writeUInt16LE(count, 10);
  end.writeUInt32LE(
    directory.reduce((sum, { length }) => sum + length, 0),
    12,
  );
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...chunks, ...directory, end]);
}
