/**
 * Protobuf's wire format, writing only. Weights are kept by reference, so a message costs little more than its own
 * small fields until its chunks are put together.
 */

const VARINT = 0;
const FIXED32 = 5;
const DELIMITED = 2;

export class WireMessage {
  readonly #chunks: Uint8Array[] = [];
  #pending: number[] = [];
  #size_bytes = 0;

  get size_bytes(): number {
    return this.#size_bytes;
  }

  /** A number, enum or boolean. Negative numbers take ten bytes, as protobuf has it for int64. */
  int(field: number, value: number | bigint): this {
    this.#tag(field, VARINT);
    this.#varint(BigInt.asUintN(64, BigInt(value)));
    return this;
  }

  float(field: number, value: number): this {
    this.#tag(field, FIXED32);
    this.#append(new Uint8Array(Float32Array.of(value).buffer));
    return this;
  }

  text(field: number, value: string): this {
    return this.bytes(field, new TextEncoder().encode(value));
  }

  /** Bytes by reference: they must not change until the message is written. */
  bytes(field: number, value: Uint8Array): this {
    this.#tag(field, DELIMITED);
    this.#varint(BigInt(value.byteLength));
    this.#append(value);
    return this;
  }

  /** Fields that are written already, tags included; by reference. */
  raw(fields: Uint8Array): this {
    this.#append(fields);
    return this;
  }

  message(field: number, value: WireMessage): this {
    this.#tag(field, DELIMITED);
    this.#varint(BigInt(value.#size_bytes));
    value.#flush();
    for (const chunk of value.#chunks) this.#append(chunk);
    return this;
  }

  /** The message in pieces, in order. */
  chunks(): readonly Uint8Array[] {
    this.#flush();
    return this.#chunks;
  }

  /** The message in one piece. */
  toBytes(): Uint8Array {
    const bytes = new Uint8Array(this.#size_bytes);
    let offset = 0;
    for (const chunk of this.chunks()) {
      bytes.set(chunk, offset);
      offset += chunk.byteLength;
    }
    return bytes;
  }

  #tag(field: number, type: number): void {
    this.#varint(BigInt(field * 8 + type));
  }

  #varint(value: bigint): void {
    let rest = value;
    while (rest > 127n) {
      this.#pending.push(Number(rest & 127n) | 128);
      rest >>= 7n;
      this.#size_bytes++;
    }
    this.#pending.push(Number(rest));
    this.#size_bytes++;
  }

  #append(bytes: Uint8Array): void {
    this.#size_bytes += bytes.byteLength;
    if (bytes.byteLength <= 64) {
      this.#pending.push(...bytes);
      return;
    }
    this.#flush();
    this.#chunks.push(bytes);
  }

  #flush(): void {
    if (this.#pending.length === 0) return;
    this.#chunks.push(Uint8Array.from(this.#pending));
    this.#pending = [];
  }
}
