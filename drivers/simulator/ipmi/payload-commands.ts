import { NET_FN } from "../../ipmi/packets/lan-message.ts";
import {
  ACTIVATE_COMPLETIONS,
  ALREADY_INACTIVE,
  decodeActivateSol,
  decodeDeactivateSol,
  encodeSolActivated,
  PAYLOAD_COMMANDS,
} from "../../ipmi/packets/sol.ts";
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
import { SOL_LETTERS_MAX } from "./sol-console.ts";

/** Others of network function App (IPMI 2.0, table G-1). */
const GET_USER_ACCESS = 0x4d;
const GET_SUPPORT = 0x4e;
const GET_VERSION = 0x4f;
const GET_SOL_PARAMETER = 0x22;
/** There is one console. */
const INSTANCE = 1;
const HEADER_BYTES = 4;
/** Payload types IPMI and SOL (24.8). */
const STANDARD_TYPES = 0x03;
const SOL_TYPE = 0x02;

/** Serial over LAN: its payload and its parameters. */
export const PAYLOAD_ROWS: readonly CommandRow[] = [
  { ...row(PAYLOAD_COMMANDS.activate, "Activate Payload", activate), acts: "session" },
  { ...row(PAYLOAD_COMMANDS.deactivate, "Deactivate Payload", deactivate), acts: "session" },
  row(PAYLOAD_COMMANDS.getActivationStatus, "Get Payload Activation Status", (_asked, { sol }) =>
    answered([INSTANCE, sol.holder === null ? 0 : 1, 0]),
  ),
  row(PAYLOAD_COMMANDS.getInstanceInfo, "Get Payload Instance Info", (_asked, { sol }) => {
    const bytes = Buffer.alloc(12);
    bytes.writeUInt32LE(sol.holder?.id ?? 0);
    return answered(bytes);
  }),
  row(GET_USER_ACCESS, "Get User Payload Access", () => answered([SOL_TYPE, 0, 0, 0])),
  row(GET_SUPPORT, "Get Channel Payload Support", () =>
    answered([STANDARD_TYPES, 0, 0x3f, 0, 0, 0, 0, 0]),
  ),
  // 1.0 (24.9).
  row(GET_VERSION, "Get Channel Payload Version", () => answered([0x10])),
  {
    netFn: NET_FN.transport,
    command: GET_SOL_PARAMETER,
    name: "Get SOL Configuration Parameters",
    privilege: "user",
    answer: parameter,
  },
];

function row(command: number, name: string, answer: CommandRow["answer"]): CommandRow {
  const isAct = command === PAYLOAD_COMMANDS.activate || command === PAYLOAD_COMMANDS.deactivate;
  return { netFn: NET_FN.app, command, name, privilege: isAct ? "operator" : "user", answer };
}

/** 24.1: who has it keeps it; another must deactivate it first. */
function activate({ data, session }: CommandAsked, site: CommandSite): CommandAnswer {
  const { sol, port } = site;
  const code = site.fault("ipmi-sol-code")?.argument ?? null;
  if (code !== null) return refused(Number.parseInt(code, 16));
  const asked = decodeActivateSol(data);
  if (!asked.ok || asked.value.instance !== INSTANCE) return refused(COMPLETION.wrongField);
  if (session?.version !== "2.0") return refused(COMPLETION.wrongState);
  if (!asked.value.isEncrypted) return refused(ACTIVATE_COMPLETIONS.notInTheClear);
  if (sol.holder !== null) return refused(ACTIVATE_COMPLETIONS.alreadyActive);
  sol.activate(session);
  const most = HEADER_BYTES + SOL_LETTERS_MAX;
  const said = encodeSolActivated({ inboundBytes: most, outboundBytes: most, port: port() });
  return { ...done("console opened"), ...answered(said) };
}

function deactivate({ data, session }: CommandAsked, { sol }: CommandSite): CommandAnswer {
  const asked = decodeDeactivateSol(data);
  if (!asked.ok || asked.value !== INSTANCE) return refused(COMPLETION.wrongField);
  if (sol.holder === null || session === null) return refused(ALREADY_INACTIVE);
  sol.deactivate(session);
  return done("console closed");
}

const PARAMETER_UNKNOWN = 0x80;
const REVISION = 0x11;
/** 115.2 kbit/s (table 26-5). */
const BIT_RATE = 0x0a;

/** The parameters of table 26-5, in order: enabled for users, encrypted, 25 ms and 64 letters, 7 retries of 500 ms. */
const PARAMETERS: readonly (readonly number[])[] = [
  [0],
  [1],
  [0xc2],
  [5, 64],
  [7, 50],
  [BIT_RATE],
  [BIT_RATE],
  [1],
];
const PORT_PARAMETER = 8;

function parameter({ data }: CommandAsked, { port }: CommandSite): CommandAnswer {
  if (data.length < 4) return refused(COMPLETION.wrongLength);
  const number = data.readUInt8(1);
  const value = number === PORT_PARAMETER ? [port() & 0xff, port() >> 8] : PARAMETERS[number];
  return value === undefined ? refused(PARAMETER_UNKNOWN) : answered([REVISION, ...value]);
}
