import { isSameCode } from "../../ipmi/packets/algorithms.ts";
import { PRIVILEGES } from "../../ipmi/packets/rakp.ts";
import { newWindow, nextSequence, WINDOW_15 } from "../../ipmi/packets/sequence-window.ts";
import {
  decodeActivateRequest,
  decodeChallengeRequest,
  encodeActivated,
  encodeChallenge,
} from "../../ipmi/packets/session-commands.ts";
import { isAuthentic15, type Received15 } from "../../ipmi/packets/session15.ts";
import { answered, type CommandAnswer, COMPLETION, type IpmiUser, refused } from "./command.ts";
import type { LoginSite } from "./login-site.ts";
import { PendingLogins } from "./pending-logins.ts";

interface Pending {
  readonly challenge: Buffer;
  readonly user: IpmiUser;
}

/** An answer with what it is signed by, and its number. */
export interface Activation {
  readonly answer: CommandAnswer;
  readonly password: Buffer;
  readonly sequence: number;
}

const CHALLENGE_BYTES = 16;
/** Completion codes of Get Session Challenge (IPMI 2.0, 22.16) and Activate Session (22.17). */
const WRONG_USER = 0x81;
const ACTIVATE = { noSlot: 0x81, wrongSequence: 0x84, noPrivilege: 0x86 } as const;

/** The BMC's side of a login of IPMI 1.5. */
export class Login15 {
  readonly #site: LoginSite;
  readonly #pending: PendingLogins<Pending>;

  constructor(site: LoginSite) {
    this.#site = site;
    this.#pending = new PendingLogins(site.now);
  }

  /** Get Session Challenge. */
  challenge(data: Buffer): CommandAnswer {
    const asked = decodeChallengeRequest(data);
    if (!asked.ok || asked.value.authType === "none") return refused(COMPLETION.wrongField);
    const name = asked.value.username.toString("latin1");
    const user = this.#site.users.find((one) => one.name === name);
    if (user === undefined) {
      this.#site.note({ username: name, status: WRONG_USER, session: null });
      return refused(WRONG_USER);
    }
    const temporaryId = this.#site.newId((id) => this.#pending.has(id));
    const challenge = this.#site.random(CHALLENGE_BYTES);
    this.#pending.add(temporaryId, { challenge, user });
    return answered(encodeChallenge({ temporaryId, challenge }));
  }

  /** Activate Session; null where the code is wrong: such a packet is dropped without a word (6.11.12). */
  activate(received: Received15, data: Buffer): Activation | null {
    const pending = this.#pending.find(received.sessionId);
    const asked = decodeActivateRequest(data);
    if (pending === undefined || !asked.ok) return null;
    const { user } = pending;
    const password = this.#site.passwordOf(user);
    const { authType, privilege, challenge, outboundSequence } = asked.value;
    const isAuthentic =
      received.authType === authType &&
      authType !== "none" &&
      isAuthentic15(received, password) &&
      isSameCode(challenge, pending.challenge);
    if (!isAuthentic) {
      this.#site.note({ username: user.name, status: COMPLETION.noPrivilege, session: null });
      return null;
    }
    const say = (answer: CommandAnswer): Activation => ({
      answer,
      password,
      sequence: outboundSequence,
    });
    const refuse = (status: number): Activation => {
      this.#site.note({ username: user.name, status, session: null });
      return say(refused(status));
    };
    if (outboundSequence === 0) return refuse(ACTIVATE.wrongSequence);
    if (privilege > PRIVILEGES[user.privilege]) return refuse(ACTIVATE.noPrivilege);
    if (this.#site.slots.isFull) return refuse(ACTIVATE.noSlot);
    this.#pending.end(received.sessionId);
    const id = this.#site.newId((one) => this.#pending.has(one));
    const inboundSequence = (this.#site.random(4).readUInt32LE() >>> 1) + 1;
    const session = this.#site.slots.open({
      version: "1.5",
      id,
      username: user.name,
      limit: privilege,
      privilege: Math.min(privilege, PRIVILEGES.user),
      window: newWindow(WINDOW_15, inboundSequence),
      outbound: nextSequence(outboundSequence),
      authType,
      password,
    });
    this.#site.note({ username: user.name, status: 0, session: session.handle });
    return say(answered(encodeActivated({ authType, sessionId: id, inboundSequence, privilege })));
  }
}
