/** `IPMI_FUZZ=1000000 npx vitest run test/drivers/ipmi -t "mutated packets"` is the long run; `SEED` begins elsewhere. */
export const COUNT = Number(process.env["IPMI_FUZZ"] ?? 5000);
export const SEED = Number(process.env["SEED"] ?? 1);
/** Milliseconds for so many: one each, on a machine that does other things. */
export const FUZZ_MS = 30_000 + COUNT;
/** Bytes that may be kept after the long run: more would be a packet that is held on to. */
export const GROWTH_MAX = 64 * 1024 * 1024;

/** Numbers from a seed (mulberry32). */
export function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  };
}

/** A packet with changed, missing or added bytes; one in ten is noise. */
export function mutated(random: () => number, seeds: readonly Buffer[]): Buffer {
  const below = (count: number): number => Math.floor(random() * count);
  const seed = seeds[below(seeds.length)]!;
  const bytes = Buffer.from(seed);
  if (random() < 0.1) return Buffer.from(Array.from({ length: below(200) }, () => below(256)));
  for (let change = below(6); change >= 0; change -= 1) {
    const at = below(bytes.length);
    bytes.writeUInt8(random() < 0.3 ? [0, 1, 0x7f, 0x80, 0xff][below(5)]! : below(256), at);
  }
  const cut = random();
  if (cut < 0.15) return bytes.subarray(0, below(bytes.length));
  return cut < 0.3 ? Buffer.concat([bytes, seed.subarray(below(seed.length))]) : bytes;
}
