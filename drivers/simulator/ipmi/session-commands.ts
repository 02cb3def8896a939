import { isIPv4 } from "node:net";
import { CIPHER_SUITES, type CipherSuite } from "../../ipmi/packets/algorithms.ts";
import { NET_FN } from "../../ipmi/packets/lan-message.ts";
import { algorithmNumbers, PRIVILEGES } from "../../ipmi/packets/rakp.ts";
import {
  decodeAuthCapabilitiesRequest,
  decodeCloseSession,
  decodePrivilege,
  decodeSuitesRequest,
  encodeAuthCapabilities,
  encodePrivilege,
  encodeSuiteRecords,
  SESSION_COMMANDS,
  SUITE_LIST_BYTES,
  THIS_CHANNEL,
} from "../../ipmi/packets/session-commands.ts";
import {
  decodeSessionInfoById,
  encodeUserName,
  WHO_COMMANDS,
} from "../../ipmi/packets/session-info.ts";
import type { SimulatedSession } from "./session-slots.ts";
import {
  answered,
  type CommandAnswer,
  type CommandAsked,
  type CommandRow,
  type CommandSite,
  COMPLETION,
  done,
  refused,
} from "./command.ts";

/** The LAN is channel 1, and the one by which all requests come here. */
const LAN_CHANNEL = 1;
const GET_CHANNEL_INFO = 0x42;

/** The commands about sessions, but for those by which one logs in. */
export const SESSION_ROWS: readonly CommandRow[] = [
  row(SESSION_COMMANDS.getChannelAuthCapabilities, {
    name: "Get Channel Authentication Capabilities",
    privilege: null,
    answer: capabilities,
  }),
  row(SESSION_COMMANDS.getChannelCipherSuites, {
    name: "Get Channel Cipher Suites",
    privilege: null,
    answer: cipherSuites,
  }),
  row(SESSION_COMMANDS.setSessionPrivilege, {
    name: "Set Session Privilege Level",
    privilege: "callback",
    answer: setPrivilege,
  }),
  row(SESSION_COMMANDS.closeSession, {
    name: "Close Session",
    privilege: "callback",
    acts: "session",
    answer: closeSession,
  }),
  row(WHO_COMMANDS.getUserName, {
    name: "Get User Name",
    privilege: "operator",
    answer: userName,
  }),
  row(WHO_COMMANDS.getSessionInfo, {
    name: "Get Session Info",
    privilege: "user",
    answer: sessionInfo,
  }),
  row(GET_CHANNEL_INFO, { name: "Get Channel Info", privilege: "user", answer: channelInfo }),
];

function row(command: number, rest: Omit<CommandRow, "netFn" | "command">): CommandRow {
  return { netFn: NET_FN.app, command, ...rest };
}

function isOurChannel(channel: number): boolean {
  return channel === THIS_CHANNEL || channel === LAN_CHANNEL;
}

/** The suites of these ids, as far as they are spoken. */
export function suitesOf(ids: readonly number[]): readonly CipherSuite[] {
  return CIPHER_SUITES.filter(({ id }) => ids.includes(id));
}

function capabilities(
  { data }: CommandAsked,
  { hasKg, users, suites }: CommandSite,
): CommandAnswer {
  const asked = decodeAuthCapabilitiesRequest(data);
  if (!asked.ok) return refused(COMPLETION.wrongLength);
  const { channel, isExtended, privilege } = asked.value;
  if (!isOurChannel(channel) || privilege > PRIVILEGES.administrator)
    return refused(COMPLETION.wrongField);
  const speaks20 = suites.length > 0;
  // A BMC from before RMCP+ knows the bit that asks for it as a reserved one.
  if (isExtended && !speaks20) return refused(COMPLETION.wrongField);
  const said = {
    channel: LAN_CHANNEL,
    authTypes: ["md5", "password"],
    hasKg,
    isPerMessageAuthOff: false,
    isUserAuthOff: false,
    hasNamedUsers: users.some(({ name }) => name !== ""),
    hasNullUsers: false,
    hasAnonymous: users.some(({ name }) => name === ""),
    speaks15: true,
    speaks20,
  } as const;
  return answered(encodeAuthCapabilities(said, isExtended));
}

function cipherSuites({ data }: CommandAsked, { suites }: CommandSite): CommandAnswer {
  if (suites.length === 0) return refused(COMPLETION.unknownCommand);
  const asked = decodeSuitesRequest(data);
  if (!asked.ok) return refused(COMPLETION.wrongLength);
  const { channel, index } = asked.value;
  if (!isOurChannel(channel)) return refused(COMPLETION.wrongField);
  const records = suitesOf(suites)
    .toSorted((a, b) => a.id - b.id)
    .map((suite) => ({ id: suite.id, ...algorithmNumbers(suite) }));
  const list = encodeSuiteRecords(records);
  const from = index * SUITE_LIST_BYTES;
  const part = list.subarray(from, from + SUITE_LIST_BYTES);
  return answered(Buffer.concat([Buffer.from([LAN_CHANNEL]), part]));
}

const NOT_FOR_THIS_USER = 0x81;

/** 22.18: 0 only asks; callback is for nobody to choose. */
function setPrivilege({ data, session }: CommandAsked): CommandAnswer {
  const asked = decodePrivilege(data);
  if (!asked.ok || session === null) return refused(COMPLETION.wrongLength);
  const wanted = asked.value;
  if (wanted === PRIVILEGES.callback || wanted > PRIVILEGES.administrator)
    return refused(COMPLETION.wrongField);
  if (wanted > session.limit) return refused(NOT_FOR_THIS_USER);
  if (wanted !== 0) session.privilege = wanted;
  return answered(encodePrivilege(session.privilege));
}

const NO_SUCH_SESSION = 0x87;

/** 22.19: one's own session, or with the highest level any. */
function closeSession({ data, session }: CommandAsked, { slots }: CommandSite): CommandAnswer {
  const asked = decodeCloseSession(data);
  if (!asked.ok || session === null) return refused(COMPLETION.wrongLength);
  const isOwn = asked.value === session.id;
  if (!isOwn && session.privilege < PRIVILEGES.administrator)
    return refused(COMPLETION.noPrivilege);
  return slots.close(asked.value) ? done("session ended") : refused(NO_SUCH_SESSION);
}

const OF_THIS_SESSION = 0x00;
const ON_LAN = 0x10;
/** User 1 is the anonymous one (6.9). */
const FIRST_USER = 2;

/** 22.20: how many there are, and of one's own or of one named by its id its handle, user, level and address. */
function sessionInfo(
  { data, session }: CommandAsked,
  { slots, users }: CommandSite,
): CommandAnswer {
  if (data.length < 1 || session === null) return refused(COMPLETION.wrongLength);
  const id = decodeSessionInfoById(data);
  if (data[0] !== OF_THIS_SESSION && id === null) return refused(COMPLETION.notPresent);
  const asked = id === null ? session : slots.find(id);
  const counts = [slots.limit & 0x3f, slots.inUse & 0x3f];
  if (asked === undefined) return answered([0, ...counts]);
  const user = users.findIndex(({ name }) => name === asked.username);
  const who = [user + FIRST_USER, asked.privilege, ON_LAN | LAN_CHANNEL];
  const port = [asked.peer.port & 0xff, asked.peer.port >> 8];
  return answered([asked.handle & 0x3f, ...counts, ...who, ...ipOf(asked), ...NO_MAC, ...port]);
}

const NO_MAC = [0, 0, 0, 0, 0, 0] as const;

/** Four bytes; zeros for what is no IPv4. */
function ipOf({ peer }: SimulatedSession): readonly number[] {
  return isIPv4(peer.address) ? peer.address.split(".").map(Number) : [0, 0, 0, 0];
}

/** 22.29. */
function userName({ data }: CommandAsked, { users }: CommandSite): CommandAnswer {
  const user = users[(data[0] ?? 0) - FIRST_USER];
  return user === undefined ? refused(COMPLETION.wrongField) : answered(encodeUserName(user.name));
}

/** 22.24: an 802.3 LAN that carries IPMB messages in sessions, many at once; the enterprise number is IPMI's own. */
const LAN_MEDIUM = 0x04;
const IPMB_PROTOCOL = 0x01;
const MANY_SESSIONS = 0x80;
const IPMI_ENTERPRISE = [0xf2, 0x1b, 0x00] as const;

function channelInfo({ data }: CommandAsked, { slots }: CommandSite): CommandAnswer {
  if (data.length < 1) return refused(COMPLETION.wrongLength);
  if (!isOurChannel(data.readUInt8(0) & 0x0f)) return refused(COMPLETION.wrongField);
  const sessions = MANY_SESSIONS | (slots.inUse & 0x3f);
  const head = [LAN_CHANNEL, LAN_MEDIUM, IPMB_PROTOCOL, sessions];
  return answered([...head, ...IPMI_ENTERPRISE, 0, 0]);
}
