import { type Decoded, decoded, tooShort, undecoded } from "./decoded.ts";

/** Send Message, of network function App: a controller passes a request on to another channel (IPMI 2.0, 22.7). */
export const SEND_MESSAGE = 0x34;

/** What becomes of the answer: a tracked one is brought to who asked (22.7, byte 1, bits 7 and 6). */
const HANDLINGS = ["untracked", "tracked", "raw"] as const;
export type Handling = (typeof HANDLINGS)[number];

const CHANNEL = 0x0f;
const HANDLING_SHIFT = 6;

/** A request that is passed on, with the bytes that go out at the other channel. */
export interface SendMessage {
  readonly channel: number;
  readonly handling: Handling;
  readonly message: Buffer;
}

/** Data of the request. */
export function encodeSendMessage({ channel, handling, message }: SendMessage): Buffer {
  const first = channel | (HANDLINGS.indexOf(handling) << HANDLING_SHIFT);
  return Buffer.concat([Buffer.from([first]), message]);
}

/** Reads the request's data; what stands for authentication and encryption at the other channel is let be. */
export function decodeSendMessage(data: Buffer): Decoded<SendMessage> {
  const short = tooShort(data, 1, "the request");
  if (short !== null) return undecoded(short);
  const first = data.readUInt8(0);
  const handling = HANDLINGS[first >> HANDLING_SHIFT];
  if (handling === undefined) return undecoded("its handling of the answer is reserved");
  return decoded({ channel: first & CHANNEL, handling, message: data.subarray(1) });
}

/** Completion codes of Send Message itself (22.7). */
export const UNDELIVERED = {
  invalidSession: 0x80,
  lostArbitration: 0x81,
  busError: 0x82,
  nakOnWrite: 0x83,
} as const;
