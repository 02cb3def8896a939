import { hopText } from "../../schemas/bmc-unit.ts";
import {
  BMC_ADDRESS,
  decodeLanResponse,
  encodeLanRequest,
  lanRequest,
  type LanResponse,
  NET_FN,
} from "./packets/lan-message.ts";
import { encodeSendMessage, SEND_MESSAGE } from "./packets/send-message.ts";

/** One controller behind another: the channel that it is at, and its slave address there (8 bits, the lowest one 0). */
export interface Hop {
  readonly channel: number;
  readonly address: number;
}

/** How a request gets from a BMC to a controller that has no LAN of its own. */
export interface Route {
  /** Whom it reaches in order, the target last: one (single bridging) or two (double). */
  readonly hops: readonly [Hop, ...Hop[]];
  /** As whom the request asks there. */
  readonly localAddress: number;
}

/** A command, wherever it is sent. */
export interface PlainCommand {
  readonly netFn: number;
  readonly command: number;
  readonly data: Buffer;
}

/** What a message of the session is to a request that was passed on. */
export type BridgedAnswer =
  | { readonly kind: "answer"; readonly response: LanResponse }
  /** The message could not be given to that hop. */
  | { readonly kind: "undelivered"; readonly hop: number; readonly completion: number }
  /** It is on its way: the answer comes in another message. */
  | { readonly kind: "passedOn" }
  | { readonly kind: "other"; readonly reason: string };

/** The target of a route. */
export function targetOf({ hops }: Route): Hop {
  return hops.at(-1) ?? hops[0];
}

/**
 * The message by which a BMC is asked to pass a command on. Every layer has the same number: some BMCs bring the answer back
 * under that of Send Message, others under that of the request within.
 */
export function bridgedRequest(route: Route, command: PlainCommand, rqSeq: number): Buffer {
  const { hops, localAddress } = route;
  const sent = hops.toReversed().reduce<PlainCommand>((inner, { channel, address }) => {
    const { netFn, command: code, data } = inner;
    const request = { ...lanRequest(netFn, code, data, rqSeq), requester: localAddress };
    const message = encodeLanRequest({ ...request, responder: address });
    const passed = encodeSendMessage({ channel, handling: "tracked", message });
    return { netFn: NET_FN.app, command: SEND_MESSAGE, data: passed };
  }, command);
  return encodeLanRequest(lanRequest(sent.netFn, sent.command, sent.data, rqSeq));
}

/**
 * What a message is to such a request. A BMC answers Send Message and brings the target's answer in a message of its own (IPMI
 * 2.0, 6.13.3), or has it in the data of that answer; a transit does the one or the other, too. Only the target's own address
 * makes an answer: another machine's must never be taken for it.
 */
export function bridgedAnswer(
  { route, command, rqSeq }: { route: Route; command: PlainCommand; rqSeq: number },
  response: LanResponse,
): BridgedAnswer {
  const { hops } = route;
  // Within an answer of each hop there can be one of a hop behind it only.
  let message = response;
  for (let level = 0; level <= hops.length; level += 1) {
    if (message.rqSeq !== rqSeq) return other("it answers another request");
    if (!isSendMessage(message)) return ofTarget(message, command, targetOf(route));
    const { completion, data } = message;
    if (completion !== 0) return { kind: "undelivered", hop: hopAsked(route, message), completion };
    if (data.length === 0) return { kind: "passedOn" };
    const within = decodeLanResponse(data);
    if (!within.ok) return other(`what it carries cannot be read: ${within.reason}`);
    message = within.value;
  }
  return other("it carries answers within answers");
}

function other(reason: string): BridgedAnswer {
  return { kind: "other", reason };
}

function isSendMessage({ netFn, command }: Pick<LanResponse, "netFn" | "command">): boolean {
  return netFn === NET_FN.app && command === SEND_MESSAGE;
}

/** To which hop who answers was to give the message: the BMC to the first, a transit to the one behind it. */
function hopAsked({ hops }: Route, { responder }: LanResponse): number {
  const transits = hops.slice(0, -1);
  return responder === BMC_ADDRESS ? 0 : transits.findIndex(is(responder)) + 1;
}

function is(responder: number): (hop: Hop) => boolean {
  return ({ address }) => address === responder;
}

function ofTarget(message: LanResponse, command: PlainCommand, target: Hop): BridgedAnswer {
  const isIt = message.netFn === command.netFn && message.command === command.command;
  if (!isIt) return other("it answers another request");
  if (message.responder !== target.address) return other("another controller answers");
  return { kind: "answer", response: message };
}

/** The controller that is asked, after the BMC that passes things on to it, for messages: `BMC ipmi://10.0.0.7 channel ...`. */
export function thingBehind(bmc: string, { hops }: Route, hop = hops.length - 1): string {
  return [bmc, ...hops.slice(0, hop + 1).map(hopText)].join(" ");
}
