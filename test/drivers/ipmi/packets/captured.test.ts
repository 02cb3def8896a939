import { describe, expect, it } from "vitest";
import { type Datagram, decodeDatagram } from "../../../../drivers/ipmi/packets/datagram.ts";
import {
  decodeLanRequest,
  decodeLanResponse,
} from "../../../../drivers/ipmi/packets/lan-message.ts";
import {
  decodeOpenRequest,
  decodeOpenResponse,
  decodeRakp1,
  decodeRakp2,
  decodeRakp3,
  decodeRakp4,
  suiteOf,
} from "../../../../drivers/ipmi/packets/rakp.ts";
import {
  type Exchange,
  rakp2Code,
  rakp3Code,
  rakp4Code,
  sessionIntegrityKey,
  sessionKeys,
} from "../../../../drivers/ipmi/packets/rakp-keys.ts";
import {
  newWindow,
  received,
  type SequenceWindow,
  WINDOW_15,
  WINDOW_20,
} from "../../../../drivers/ipmi/packets/sequence-window.ts";
import {
  decodeActivated,
  decodeChallenge,
  SESSION_COMMANDS,
} from "../../../../drivers/ipmi/packets/session-commands.ts";
import { isAuthentic15, type Received15 } from "../../../../drivers/ipmi/packets/session15.ts";
import {
  openSession20,
  type PayloadType,
  type Received20,
} from "../../../../drivers/ipmi/packets/session20.ts";
import { hex, reasonOf, valueOf } from "./arbitraries.ts";
import { MD5_15, SUITE_3 } from "./captured.ts";

const PASSWORD = Buffer.from("s3cret-pw");

function read(line: string): Datagram {
  return valueOf(decodeDatagram(hex(line.slice(2))));
}

function sessionsOf20(direction: string): readonly Received20[] {
  return SUITE_3.filter((line) => line.startsWith(direction)).flatMap((line) => {
    const datagram = read(line);
    return datagram.kind === "ipmi20" ? [datagram.session] : [];
  });
}

function payloadOf(type: PayloadType): Buffer {
  const all = [...sessionsOf20(">"), ...sessionsOf20("<")];
  return all.find((session) => session.type === type)!.payload;
}

/** What both sides knew in that login. */
function exchangeOf(): Exchange {
  const one = valueOf(decodeRakp1(payloadOf("rakp1")));
  const two = valueOf(decodeRakp2(payloadOf("rakp2"), "hmac-sha1"));
  if (!("guid" in two)) throw new Error("refused");
  const { privilege, isNameOnly, username, bmcId, consoleRandom } = one;
  const { consoleId, bmcRandom, guid } = two;
  const suite = suiteOf(valueOf(decodeOpenRequest(payloadOf("openSessionRequest"))).algorithms)!;
  return {
    suite,
    consoleId,
    bmcId,
    consoleRandom,
    bmcRandom,
    guid,
    privilege,
    isNameOnly,
    username,
    userKey: PASSWORD,
    bmcKey: null,
  };
}

describe("a login of ipmitool at ipmi_sim with cipher suite 3 (IPMI 2.0, 13.17 to 13.32)", () => {
  it("is read word for word", () => {
    const opened = valueOf(decodeOpenResponse(payloadOf("openSessionResponse")));
    expect(opened).toMatchObject({ status: 0, bmcId: 2, consoleId: 0xa0a2a3a4 });
    const one = valueOf(decodeRakp1(payloadOf("rakp1")));
    expect(one).toMatchObject({ privilege: 4, isNameOnly: true, bmcId: 2 });
    expect(one.username.toString()).toBe("ipmiusr");
  });

  it("has the codes that are worked out here", () => {
    const exchange = exchangeOf();
    const two = valueOf(decodeRakp2(payloadOf("rakp2"), "hmac-sha1"));
    const four = valueOf(decodeRakp4(payloadOf("rakp4"), "hmac-sha1"));
    expect(two).toMatchObject({ code: rakp2Code(exchange) });
    expect(valueOf(decodeRakp3(payloadOf("rakp3"))).code).toEqual(rakp3Code(exchange));
    const sik = sessionIntegrityKey(exchange);
    expect(four).toMatchObject({ code: rakp4Code(exchange, sik) });
    const wrong = { ...exchange, userKey: Buffer.from("s3cret-pW") };
    expect(two).not.toMatchObject({ code: rakp2Code(wrong) });
  });

  it("has packets that its keys open, each request with its answer, in order", () => {
    const keys = sessionKeys(exchangeOf().suite, sessionIntegrityKey(exchangeOf()));
    const open = (session: Received20): Buffer => valueOf(openSession20(session, keys)).payload;
    const inSession = (session: Received20): boolean => session.sessionId !== 0;
    const requests = sessionsOf20(">").filter(inSession).map(open);
    const answers = sessionsOf20("<").filter(inSession).map(open);
    expect(requests).toHaveLength(7);
    for (const [at, request] of requests.entries()) {
      const { rqSeq, command, netFn } = valueOf(decodeLanRequest(request));
      const answer = valueOf(decodeLanResponse(answers[at]!));
      expect(answer).toMatchObject({ rqSeq, command, netFn });
    }
    let window: SequenceWindow | null = newWindow(WINDOW_20, 1);
    for (const { sequence } of sessionsOf20("<").filter(inSession))
      window = window && received(window, sequence);
    expect(window?.highest).toBe(7);
  });
});

describe("a session of ipmitool at ipmi_sim over IPMI 1.5 with MD5 (IPMI 2.0, 22.16 to 22.19)", () => {
  const sessions: readonly Received15[] = MD5_15.flatMap((line) => {
    const datagram = read(line);
    return datagram.kind === "ipmi15" ? [datagram.session] : [];
  });

  it("begins with ping and pong", () => {
    const asf = MD5_15.slice(0, 2).map((line) => read(line));
    expect(asf).toMatchObject([
      { kind: "asf", message: { type: "ping" } },
      { kind: "asf", message: { type: "pong", speaksIpmi: true } },
    ]);
  });

  it("has codes that fit the password, and no other", () => {
    const signed = sessions.filter(({ authCode }) => authCode !== null);
    expect(signed).toHaveLength(16);
    for (const one of signed) {
      expect(isAuthentic15(one, PASSWORD)).toBe(true);
      expect(isAuthentic15(one, Buffer.from("s3cret-pW"))).toBe(false);
    }
  });

  it("has a challenge, and numbers that begin where each side asked", () => {
    const answers = sessions.flatMap(({ payload }) => {
      const answer = decodeLanResponse(payload);
      return answer.ok ? [answer.value] : [];
    });
    const challenge = answers.find(
      ({ command }) => command === SESSION_COMMANDS.getSessionChallenge,
    )!;
    expect(valueOf(decodeChallenge(challenge.data)).temporaryId).toBe(5);
    const activated = answers.find(({ command }) => command === SESSION_COMMANDS.activateSession)!;
    expect(valueOf(decodeActivated(activated.data))).toEqual({
      authType: "md5",
      sessionId: 0x82,
      inboundSequence: 0x6d7f758c,
      privilege: 4,
    });
    const inSession = sessions.filter(({ sessionId }) => sessionId === 0x82);
    const fromBmc = inSession.filter(({ payload }) => decodeLanResponse(payload).ok);
    let window: SequenceWindow | null = newWindow(WINDOW_15, fromBmc[0]!.sequence);
    for (const { sequence } of fromBmc) window = window && received(window, sequence);
    expect(window).not.toBeNull();
  });

  it("is refused in full where a byte is missing", () => {
    for (const line of MD5_15) {
      const cut = hex(line.slice(2)).subarray(0, -1);
      expect(reasonOf(decodeDatagram(cut))).not.toBe("it was taken");
    }
  });
});
