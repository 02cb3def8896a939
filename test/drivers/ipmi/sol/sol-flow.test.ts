import { array, assert, boolean, integer, property, record, string } from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type SolEvent,
  SolFlow,
  SOL_TIMINGS,
  TYPED_MAX,
} from "../../../../drivers/ipmi/sol/sol-flow.ts";
import type { SolToBmc, SolToConsole } from "../../../../drivers/ipmi/packets/sol.ts";

const { retryMs, retries, unavailableMs } = SOL_TIMINGS;

const NONE: SolToConsole = {
  number: 0,
  acknowledged: 0,
  acceptedCount: 0,
  isRefused: false,
  letters: Buffer.alloc(0),
  isUnavailable: false,
  isEnding: false,
  isOverrun: false,
  isBreak: false,
};

/** A console that was opened at time 0, and a BMC that says what it is told to. */
function bench(lettersMax = 200) {
  const flow = new SolFlow(lettersMax, SOL_TIMINGS);
  const said = (events: readonly SolEvent[]): readonly string[] =>
    events.map((event) => (event.kind === "output" ? event.letters.toString() : event.kind));
  return {
    flow,
    type: (text: string) => flow.type(Buffer.from(text)),
    /** What goes out at a time: its number, its letters or signal, and what it acknowledges. */
    due: (now = 0) => flow.due(now).packets.map(shown),
    hear: (packet: Partial<SolToConsole>, now = 0) =>
      said(flow.receive({ ...NONE, ...packet }, now)),
    says: (number: number, text: string) =>
      said(flow.receive({ ...NONE, number, letters: Buffer.from(text) }, 0)),
  };
}

function shown({
  number,
  letters,
  acknowledged,
  acceptedCount,
  isBreak,
  flushesInbound,
}: SolToBmc) {
  const signal = isBreak ? "BREAK" : flushesInbound ? "FLUSH" : letters.toString();
  const ack = acknowledged === 0 ? "" : ` ack ${acknowledged}/${acceptedCount}`;
  return `${number}:${signal}${ack}`;
}

describe("what is typed", () => {
  it("goes out one packet at a time, numbered 1 to 15, keys that wait together", () => {
    const { type, due, hear } = bench();
    for (let round = 0; round < 31; round += 1) {
      const number = (round % 15) + 1;
      type("a");
      expect(due()).toEqual([`${number}:a`]);
      type("b");
      type("c");
      expect(due()).toEqual([]);
      hear({ acknowledged: number, acceptedCount: 1 });
      const next = (number % 15) + 1;
      expect(due()).toEqual([`${next}:bc`]);
      hear({ acknowledged: next, acceptedCount: 2 });
      round += 1;
    }
  });

  it("is cut into packets of the size that the BMC takes", () => {
    const { type, due, hear } = bench(4);
    type("123456789");
    expect(due()).toEqual(["1:1234"]);
    hear({ acknowledged: 1, acceptedCount: 4 });
    expect(due()).toEqual(["2:5678"]);
    hear({ acknowledged: 2, acceptedCount: 4 });
    expect(due()).toEqual(["3:9"]);
    expect(hear({ acknowledged: 3, acceptedCount: 1 })).toEqual(["taken"]);
  });

  it("that was taken in part: the rest follows under a new number, refused or not", () => {
    const { type, due, hear } = bench();
    type("reboot");
    due();
    hear({ acknowledged: 1, acceptedCount: 2, isRefused: true });
    expect(due()).toEqual(["2:boot"]);
    hear({ acknowledged: 2, acceptedCount: 3 });
    expect(due()).toEqual(["3:t"]);
  });

  it("is not typed again where a careless BMC counts none and refuses none", () => {
    const { type, due, hear } = bench();
    type("y");
    due();
    expect(hear({ acknowledged: 1, acceptedCount: 0 })).toEqual(["taken"]);
    expect(due(10_000)).toEqual([]);
  });

  it("is sent again every 500 ms, seven times; then the other side is taken for gone", () => {
    const { flow, type, due, hear } = bench();
    type("ls");
    expect(due(0)).toEqual(["1:ls"]);
    expect(due(retryMs - 1)).toEqual([]);
    for (let again = 1; again <= retries; again += 1) {
      expect(flow.wakeAt).toBe(again * retryMs);
      expect(due(again * retryMs)).toEqual(["1:ls"]);
    }
    const end = (retries + 1) * retryMs;
    expect(flow.due(end)).toEqual({ packets: [], events: [{ kind: "unanswered" }] });
    // It is said once, and waits for what may be late.
    expect([flow.isStuck, flow.wakeAt, flow.due(end + 1)]).toEqual([
      true,
      null,
      { packets: [], events: [] },
    ]);
    expect(hear({ acknowledged: 1, acceptedCount: 2 })).toEqual(["taken"]);
    expect(flow.isStuck).toBe(false);
  });

  it("is offered on and on to a BMC that refuses without saying why; that is told once", () => {
    const { type, due, hear } = bench();
    type("ls");
    const told: string[] = [];
    for (let time = 0; time < 20; time += 1) {
      const number = (time % 15) + 1;
      expect(due(time * retryMs)).toEqual([`${number}:ls`]);
      const refused = { acknowledged: number, isRefused: true };
      told.push(...hear(refused, time * retryMs));
    }
    expect(told).toEqual(["unavailable"]);
    due(20 * retryMs);
    expect(hear({ acknowledged: 6, acceptedCount: 2 })).toEqual(["available", "taken"]);
  });

  it("an acknowledgement of another packet is none", () => {
    const { type, due, hear } = bench();
    type("ls");
    due();
    hear({ acknowledged: 2, acceptedCount: 2 });
    expect(due(retryMs)).toEqual(["1:ls"]);
  });

  it("is kept while the machine is off, said once, and offered again slowly; it follows when it is on", () => {
    const { flow, type, due, hear } = bench();
    type("ls");
    due(0);
    const off = { isRefused: true, isUnavailable: true };
    expect(hear({ acknowledged: 1, ...off })).toEqual(["unavailable"]);
    expect(flow.wakeAt).toBe(unavailableMs);
    expect(due(unavailableMs - 1)).toEqual([]);
    expect(due(unavailableMs)).toEqual(["2:ls"]);
    expect(hear({ acknowledged: 2, ...off }, unavailableMs)).toEqual([]);
    // The machine comes up, and says so.
    expect(hear({ number: 1, letters: Buffer.from("POST") }, 2500)).toEqual(["available", "POST"]);
    expect(due(2500)).toEqual(["3:ls ack 1/4"]);
    expect(hear({ acknowledged: 3, acceptedCount: 2 })).toEqual(["taken"]);
  });

  it("has a bound: what is over it is not taken", () => {
    const { type } = bench();
    expect(type("x".repeat(TYPED_MAX + 10))).toBe(TYPED_MAX);
    expect(type("y")).toBe(0);
  });

  it("a break stands where it was sent among the letters", () => {
    const { flow, type, due, hear } = bench();
    type("a");
    flow.sendBreak();
    type("b");
    expect(due()).toEqual(["1:a"]);
    hear({ acknowledged: 1, acceptedCount: 1 });
    expect(due()).toEqual(["2:BREAK"]);
    hear({ acknowledged: 2, isRefused: true });
    expect(due(retryMs)).toEqual(["3:BREAK"]);
    hear({ acknowledged: 3 });
    expect(due(retryMs)).toEqual(["4:b"]);
  });

  it("a flush throws away what waits, here and there", () => {
    const { flow, type, due, hear } = bench();
    type("first");
    due();
    type("second");
    expect(flow.flush()).toBe(6);
    hear({ acknowledged: 1, acceptedCount: 5 });
    expect(due()).toEqual(["2:FLUSH"]);
  });

  it("what was on its way and not taken is not typed after a flush", () => {
    const { flow, type, due, hear } = bench();
    type("first");
    due();
    flow.flush();
    hear({ acknowledged: 1, acceptedCount: 2, isRefused: true });
    expect(due()).toEqual(["2:FLUSH"]);
    hear({ acknowledged: 2, acceptedCount: 0 });
    expect(due()).toEqual([]);
  });
});

describe("what the machine says", () => {
  it("is acknowledged with its count, together with what is typed or alone", () => {
    const { type, due, says } = bench();
    expect(says(1, "login: ")).toEqual(["login: "]);
    expect(due()).toEqual(["0: ack 1/7"]);
    expect(due()).toEqual([]);
    says(2, "ab");
    type("root");
    expect(due()).toEqual(["1:root ack 2/2"]);
  });

  it("is shown once, however often it comes, and acknowledged each time", () => {
    const { due, says } = bench();
    says(1, "abc");
    due();
    expect(says(1, "abc")).toEqual([]);
    expect(due()).toEqual(["0: ack 1/3"]);
    // A double that was long on its way.
    says(2, "def");
    expect(says(1, "abc")).toEqual([]);
    expect(says(3, "ghi")).toEqual(["ghi"]);
  });

  it("may have grown when it comes again: only the new letters are shown", () => {
    const { due, says } = bench();
    says(1, "abc");
    expect(says(1, "abcdef")).toEqual(["def"]);
    expect(due()).toEqual(["0: ack 1/6"]);
    expect(says(1, "abcdef")).toEqual([]);
  });

  it("is shown where a BMC begins to count anew, as after its machine was reset", () => {
    const { says } = bench();
    says(1, "abc");
    says(2, "def");
    expect(says(1, "POST")).toEqual(["POST"]);
    expect(says(1, "other")).toEqual(["other"]);
  });

  it("letters that were lost are told once for each time", () => {
    const { hear } = bench();
    expect(hear({ isOverrun: true })).toEqual(["overrun"]);
    expect(hear({ isOverrun: true })).toEqual([]);
    hear({});
    expect(hear({ isOverrun: true })).toEqual(["overrun"]);
  });

  it("its last letters come before its end", () => {
    const { hear } = bench();
    const last = { number: 1, letters: Buffer.from("bye"), isEnding: true };
    expect(hear(last)).toEqual(["bye", "ending"]);
  });
});

describe("over a line that loses and doubles packets", () => {
  /** A BMC as the specification has it: it takes some letters of a packet, and says the same of the same packet again. */
  class ModelBmc {
    typed = "";
    #last: Partial<SolToConsole> = {};

    take({ number, letters }: SolToBmc, most: number): Partial<SolToConsole> {
      if (number === 0) return {};
      if (number === this.#last.acknowledged) return this.#last;
      const acceptedCount = Math.min(letters.length, most);
      this.typed += letters.subarray(0, acceptedCount).toString();
      const isRefused = acceptedCount < letters.length;
      this.#last = { acknowledged: number, acceptedCount, isRefused };
      return this.#last;
    }
  }

  /** How a packet and its answer fare, and how many letters are taken of it. */
  const fate = record({
    isLost: boolean(),
    isUnanswered: boolean(),
    isDouble: boolean(),
    most: integer({ min: 0, max: 5 }),
  });

  /** More than any of them takes. */
  const STEPS_MAX = 1000;

  it("every letter is typed once and in order", () => {
    const text = string({ minLength: 1, maxLength: 60, unit: "grapheme-ascii" });
    assert(
      property(text, array(fate, { maxLength: 40 }), (written, fates) => {
        // Of so many losses in a row the console would be lost.
        const flow = new SolFlow(7, { ...SOL_TIMINGS, retries: 100 });
        const bmc = new ModelBmc();
        flow.type(Buffer.from(written));
        let now = 0;
        for (let step = 0; flow.typedCount > 0 && step < STEPS_MAX; step += 1) {
          const {
            isLost = false,
            isUnanswered = false,
            isDouble = false,
            most = 5,
          } = fates[step] ?? {};
          for (const packet of isLost ? [] : flow.due(now).packets) {
            const answer = { ...NONE, ...bmc.take(packet, most) };
            if (isDouble) bmc.take(packet, most);
            if (!isUnanswered) flow.receive(answer, now);
            if (isDouble) flow.receive(answer, now);
          }
          now += retryMs;
        }
        expect(bmc.typed).toBe(written);
      }),
    );
  });
});
