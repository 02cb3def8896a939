/** Larger files are no inventory: a NodeList row takes about 150 bytes, so this is 50,000 nodes. */
const BYTES_MAX = 8 * 1024 * 1024;

/** Bytes as text, or in one sentence why they are none. A byte order mark at the start is not part of it. */
export function decodeText(
  bytes: Uint8Array,
  bytesMax = BYTES_MAX,
): { readonly text: string } | { readonly wrong: string } {
  if (bytes.length > bytesMax)
    return {
      wrong: `the file has ${Math.ceil(bytes.length / 1024 / 1024)} MB; ${bytesMax / 1024 / 1024} MB is the most that is read. Split it`,
    };
  if (bytes.includes(0)) return { wrong: "the file is binary, not text; move it elsewhere" };
  try {
    return { text: UTF8.decode(bytes) };
  } catch {
    return { wrong: "the file is not UTF-8; save it as UTF-8" };
  }
}

/** One for all: making a decoder costs more than a small file. */
const UTF8 = new TextDecoder("utf-8", { fatal: true });
