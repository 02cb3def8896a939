import {
  decodeLanRequest,
  encodeLanResponse,
  type LanRequest,
  type LanResponse,
  lanResponse,
  NET_FN,
} from "../../ipmi/packets/lan-message.ts";
import { decodeSendMessage, SEND_MESSAGE, UNDELIVERED } from "../../ipmi/packets/send-message.ts";
import { SATELLITE_CHANNEL, TRANSIT } from "./chassis.ts";
import { COMPLETION } from "./command.ts";
import type { Controller } from "./controller.ts";
import type { SimulatedSession } from "./session-slots.ts";

/** How answers come back: in a message of their own behind that of Send Message, or within it. */
export type BridgedForm = "apart" | "within";

/** A message of the session, and whose controller spoke last. */
export interface BridgeReply {
  readonly response: LanResponse;
  /** Null where it is the BMC itself, or the transit. */
  readonly by: Controller | null;
}

/** What becomes of a request that is to be passed on. */
type Passed =
  | { readonly kind: "undelivered"; readonly completion: number }
  /** It got there, and nobody answers. */
  | { readonly kind: "lost" }
  | ({ readonly kind: "answered" } & BridgeReply);

const NOTHING = Buffer.alloc(0);

/** Passes requests on to the controllers of a chassis (IPMI 2.0, 6.13.3 and 22.7). */
export class Bridge {
  readonly #satellites: ReadonlyMap<number, Controller>;
  readonly #form: BridgedForm;

  /** `satellites`: by slave address. */
  constructor(satellites: ReadonlyMap<number, Controller>, form: BridgedForm) {
    this.#satellites = satellites;
    this.#form = form;
  }

  get satellites(): readonly Controller[] {
    return [...this.#satellites.values()];
  }

  /** The messages that answer a Send Message, in order. */
  answer(request: LanRequest, session: SimulatedSession): readonly BridgeReply[] {
    const passed = this.#pass(request.data, session);
    if (passed.kind === "undelivered")
      return [{ response: lanResponse(request, passed.completion, NOTHING), by: null }];
    const taken = { response: lanResponse(request, COMPLETION.ok, NOTHING), by: null };
    if (passed.kind === "lost") return this.#form === "apart" ? [taken] : [];
    const { response, by } = passed;
    if (this.#form === "apart") return [taken, { response, by }];
    const data = encodeLanResponse(response);
    return [{ response: lanResponse(request, COMPLETION.ok, data), by }];
  }

  #pass(data: Buffer, session: SimulatedSession): Passed {
    const asked = decodeSendMessage(data);
    if (!asked.ok) return { kind: "undelivered", completion: COMPLETION.wrongLength };
    const { channel, handling, message } = asked.value;
    // What nobody tracks would go to the host.
    if (handling !== "tracked") return { kind: "undelivered", completion: COMPLETION.wrongField };
    const request = decodeLanRequest(message);
    if (channel === SATELLITE_CHANNEL) return this.#toSatellite(message, request, session);
    if (channel !== TRANSIT.channel)
      return { kind: "undelivered", completion: COMPLETION.wrongField };
    if (message[0] !== TRANSIT.address)
      return { kind: "undelivered", completion: UNDELIVERED.nakOnWrite };
    return request.ok ? this.#byTransit(request.value, session) : { kind: "lost" };
  }

  /** It does nothing but pass on, and brings the answer within its own. */
  #byTransit(request: LanRequest, session: SimulatedSession): Passed {
    const answer = (completion: number, data: Buffer = NOTHING) => ({
      kind: "answered" as const,
      response: lanResponse(request, completion, data),
      by: null,
    });
    const isSendMessage = request.netFn === NET_FN.app && request.command === SEND_MESSAGE;
    if (!isSendMessage) return answer(COMPLETION.unknownCommand);
    const passed = this.#pass(request.data, session);
    if (passed.kind === "lost") return passed;
    if (passed.kind === "undelivered") return answer(passed.completion);
    return { ...answer(COMPLETION.ok, encodeLanResponse(passed.response)), by: passed.by };
  }

  #toSatellite(
    message: Buffer,
    request: ReturnType<typeof decodeLanRequest>,
    session: SimulatedSession,
  ): Passed {
    const satellite = this.#satellites.get(message[0] ?? 0);
    const nak = satellite?.takes("ipmi-nak") ?? null;
    if (satellite === undefined || satellite.isSilent || nak !== null)
      return { kind: "undelivered", completion: codeOf(nak?.argument ?? null) };
    const isLost = satellite.takes("ipmi-lose-request") !== null;
    // A controller takes no request whose checksums are wrong, and does not say so.
    if (isLost || !request.ok) return { kind: "lost" };
    const answer = satellite.run(request.value, session);
    if (answer === null) return { kind: "lost" };
    const { completion, data } = answer;
    const response = lanResponse(satellite.misnumbered(request.value), completion, data);
    return { kind: "answered", response, by: satellite };
  }
}

/** `/82` in a fault's argument is a completion code; 83h without. */
function codeOf(argument: string | null): number {
  const [, code] = /\/([0-9a-f]{2})$/.exec(argument ?? "") ?? [];
  return code === undefined ? UNDELIVERED.nakOnWrite : Number.parseInt(code, 16);
}
