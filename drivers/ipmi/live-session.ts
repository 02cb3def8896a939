import { randomBytes } from "node:crypto";
import type { Dropped } from "./ipmi-wire.ts";
import { type Datagram, ipmiDatagram } from "./packets/datagram.ts";
import {
  newWindow,
  nextSequence,
  received,
  type SequenceWindow,
  WINDOW_15,
  WINDOW_20,
} from "./packets/sequence-window.ts";
import { type AuthType, encodeSession15, isAuthentic15 } from "./packets/session15.ts";
import {
  openSession20,
  type PayloadType,
  sealSession20,
  type SessionKeys,
} from "./packets/session20.ts";

/** The payload of a datagram of this session, or why it is none. */
type Unsealed = { readonly payload: Buffer } | { readonly drop: Dropped };

/** A session with one BMC, whichever version it speaks. Its keys are in private fields: nothing prints them. */
export interface LiveSession {
  /** As the BMC names it: what Close Session takes. */
  readonly id: number;
  readonly isEncrypted: boolean;
  /** Puts an IPMI message into a datagram, with the next number. */
  seal(message: Buffer): Buffer;
  unseal(datagram: Datagram): Unsealed;
}

const IV_BYTES = 16;
const LATE: Unsealed = {
  drop: { kind: "late", reason: "its session number was there before, or is far off" },
};

function strange(reason: string): Unsealed {
  return { drop: { kind: "stranger", reason } };
}

/** A session of RMCP+ (IPMI 2.0, 13.6): signed and encrypted, both sides counting from 1. */
export class Session20 implements LiveSession {
  readonly id: number;
  readonly isEncrypted = true;
  readonly #consoleId: number;
  readonly #keys: SessionKeys;
  #sequence = 0;
  #window: SequenceWindow = newWindow(WINDOW_20, 1);

  constructor(ids: { readonly bmcId: number; readonly consoleId: number }, keys: SessionKeys) {
    this.id = ids.bmcId;
    this.#consoleId = ids.consoleId;
    this.#keys = keys;
  }

  seal(payload: Buffer): Buffer {
    return this.#seal("ipmi", payload);
  }

  /** The same for a packet of the console. */
  sealSol(payload: Buffer): Buffer {
    return this.#seal("sol", payload);
  }

  unseal(datagram: Datagram): Unsealed {
    return this.#unseal("ipmi", datagram);
  }

  unsealSol(datagram: Datagram): Unsealed {
    return this.#unseal("sol", datagram);
  }

  #seal(type: PayloadType, payload: Buffer): Buffer {
    this.#sequence = nextSequence(this.#sequence);
    const packet = { type, sessionId: this.id, sequence: this.#sequence, payload };
    return ipmiDatagram(sealSession20(packet, this.#keys, randomBytes(IV_BYTES)));
  }

  #unseal(type: PayloadType, datagram: Datagram): Unsealed {
    if (datagram.kind !== "ipmi20") return strange("it is none of RMCP+");
    const { session } = datagram;
    if (session.sessionId !== this.#consoleId) return strange("it is of another session");
    // All payloads count in one row of numbers (6.12.13), so one is taken by the ear that it is for, and by no other.
    if (session.type !== type) return strange(`its payload is ${session.type}`);
    const opened = openSession20(session, this.#keys);
    if (!opened.ok) return { drop: { kind: "forged", reason: opened.reason } };
    const window = received(this.#window, session.sequence);
    if (window === null) return LATE;
    this.#window = window;
    return { payload: opened.value.payload };
  }
}

/** What a session of IPMI 1.5 begins with. */
export interface Begun15 {
  readonly id: number;
  readonly authType: AuthType;
  /** The BMC takes and sends packets without a code (22.13). */
  readonly isPerMessageAuthOff: boolean;
  /** The first numbers in either direction. */
  readonly inbound: number;
  readonly outbound: number;
}

/** A session of IPMI 1.5 (IPMI 2.0, table 13-8): signed by MD5, in the clear. */
export class Session15 implements LiveSession {
  readonly id: number;
  readonly isEncrypted = false;
  readonly #authType: AuthType;
  readonly #mayBeUnsigned: boolean;
  readonly #password: Buffer;
  #sequence: number;
  #window: SequenceWindow;

  constructor(begun: Begun15, password: Buffer) {
    this.id = begun.id;
    this.#authType = begun.authType;
    this.#mayBeUnsigned = begun.isPerMessageAuthOff || begun.authType === "none";
    this.#password = password;
    this.#sequence = begun.inbound;
    this.#window = newWindow(WINDOW_15, begun.outbound);
  }

  seal(payload: Buffer): Buffer {
    const sequence = this.#sequence;
    this.#sequence = nextSequence(sequence);
    const session = { authType: this.#authType, sequence, sessionId: this.id, payload };
    return ipmiDatagram(encodeSession15(session, this.#password));
  }

  unseal(datagram: Datagram): Unsealed {
    if (datagram.kind !== "ipmi15") return strange("it is none of IPMI 1.5");
    const { session } = datagram;
    if (session.sessionId !== this.id) return strange("it is of another session");
    const isUnsigned = session.authCode === null && !this.#mayBeUnsigned;
    if (isUnsigned || !isAuthentic15(session, this.#password))
      return { drop: { kind: "forged", reason: "its authentication code is wrong" } };
    const window = received(this.#window, session.sequence);
    if (window === null) return LATE;
    this.#window = window;
    return { payload: session.payload };
  }
}
