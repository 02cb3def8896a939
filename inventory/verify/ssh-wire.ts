/** Bytes that are not what RFC 4251 section 5 says. */
export class NotSshWire extends Error {}

/** Reads SSH's wire format from the front: each call takes what it reads. */
export class SshWire {
  #left: Buffer;

  constructor(bytes: Uint8Array) {
    this.#left = Buffer.from(bytes);
  }

  take(count: number): Buffer {
    if (count > this.#left.length) throw new NotSshWire("it ends too soon");
    const taken = this.#left.subarray(0, count);
    this.#left = this.#left.subarray(count);
    return taken;
  }

  uint32(): number {
    return this.take(4).readUInt32BE();
  }

  string(): Buffer {
    return this.take(this.uint32());
  }

  text(): string {
    return this.string().toString("latin1");
  }

  /** A number that is not negative, without leading zeros. */
  mpint(): Buffer {
    const bytes = this.string();
    if ((bytes[0] ?? 0) >= 0x80) throw new NotSshWire("a number is negative");
    const begin = bytes.findIndex((byte) => byte !== 0);
    return begin === -1 ? Buffer.alloc(0) : bytes.subarray(begin);
  }

  /** Nothing may be left. */
  end(): void {
    if (this.#left.length > 0) throw new NotSshWire("something follows it");
  }
}

/** A string of the wire: its length, then its bytes. */
export function sshString(bytes: Uint8Array | string): Buffer {
  const body = Buffer.from(bytes);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(body.length);
  return Buffer.concat([length, body]);
}
