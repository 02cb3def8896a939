import { ask15, NO_PASSWORD, OUTSIDE } from "./ask15.ts";
import type { Asked } from "./ipmi-wire.ts";
import type { LoginAt } from "./login.ts";
import {
  type AuthCapabilities,
  decodeAuthCapabilities,
  decodeSuiteRecords,
  encodeAuthCapabilitiesRequest,
  encodeSuitesRequest,
  SESSION_COMMANDS,
  SUITE_LIST_BYTES,
  THIS_CHANNEL,
} from "./packets/session-commands.ts";
import { PAYLOAD_TYPES } from "./packets/session20.ts";

/** What a BMC is asked with before anybody logs in. */
type AskAt = Pick<LoginAt, "wire" | "timings" | "signal">;

/** Asks what a BMC speaks; nothing secret is sent (IPMI 2.0, 22.13). A BMC that knows no RMCP+ is asked again without it. */
export async function askCapabilities(
  at: AskAt,
  privilege: number,
  totalMs: number,
): Promise<Asked<AuthCapabilities | null>> {
  for (const isExtended of [true, false]) {
    const request = { channel: THIS_CHANNEL, isExtended, privilege };
    const data = encodeAuthCapabilitiesRequest(request);
    const command = SESSION_COMMANDS.getChannelAuthCapabilities;
    const ask = { command, data, packet: OUTSIDE, password: NO_PASSWORD, totalMs };
    const asked = await ask15(at, ask);
    if (!asked.ok) return asked;
    if (asked.value.completion !== 0) continue;
    const said = decodeAuthCapabilities(asked.value.data);
    if (said.ok) return { ...asked, value: said.value };
  }
  return { ok: true, value: null, sendings: 2 };
}

/** Parts of a list that are read: no BMC has more than some twenty suites. */
const LIST_PARTS_MAX = 10;
/** Where it is not answered, the login has the rest of its time. */
const SHARE_OF_LOGIN = 0.2;

/**
 * The ids of the cipher suites that a BMC lists (IPMI 2.0, 22.15); null where it lists none. It is a hint and no more: lists are
 * not always true, and BMCs may leave the question unanswered, so that it is sent once.
 */
export async function askSuites(at: LoginAt): Promise<readonly number[] | null> {
  let list = Buffer.alloc(0);
  for (let index = 0; index < LIST_PARTS_MAX; index += 1) {
    const request = { channel: THIS_CHANNEL, payloadType: PAYLOAD_TYPES.ipmi, index };
    const data = encodeSuitesRequest(request);
    const command = SESSION_COMMANDS.getChannelCipherSuites;
    const ask = { command, data, packet: OUTSIDE, password: NO_PASSWORD };
    const totalMs = at.leftMs() * SHARE_OF_LOGIN;
    const asked = await ask15(at, { ...ask, totalMs, sendingsMax: 1 });
    if (!asked.ok || asked.value.completion !== 0) return null;
    // The first byte is the channel.
    const part = asked.value.data.subarray(1);
    list = Buffer.concat([list, part]);
    if (part.length < SUITE_LIST_BYTES) break;
  }
  const records = decodeSuiteRecords(list);
  return records.ok && records.value.length > 0 ? records.value.map(({ id }) => id) : null;
}
