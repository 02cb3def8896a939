import { describe, expect, it } from "vitest";
import type { OpenConsole } from "../../../../drivers/driver.ts";
import { ConsoleTalk, type TalkEnd } from "../../../../engine/cli/console/console-talk.ts";
import { EscapeKeys } from "../../../../engine/cli/console/escape-keys.ts";
import type { RawTerminal } from "../../../../engine/cli/raw-terminal.ts";
import { failure } from "../../../../schemas/failure.ts";

/** A terminal whose keys are pressed by a test, and a console with little room. */
function bench(isTty: boolean, room = 4) {
  const screen: string[] = [];
  const said: string[] = [];
  const sent: string[] = [];
  const flow: string[] = [];
  const gone = new AbortController();
  let hear: (bytes: Uint8Array | null) => void = () => undefined;
  const terminal: RawTerminal = {
    isTty,
    listen: (ear) => (hear = ear),
    pause: () => void flow.push("pause"),
    resume: () => void flow.push("resume"),
    write: (bytes) => void screen.push(Buffer.from(bytes).toString()),
    gone: gone.signal,
    release: () => undefined,
  };
  const console: OpenConsole = {
    type: (bytes) => {
      const part = bytes.subarray(0, room);
      if (part.length > 0) sent.push(Buffer.from(part).toString());
      return part.length;
    },
    sendBreak: () => void sent.push("<break>"),
    flush: () => 3,
    close: () => Promise.resolve(),
  };
  const say = (text: string): void => void said.push(text);
  const keys = new EscapeKeys(0x7e);
  const talk = new ConsoleTalk({ terminal, keys, escape: "~", log: null, now: () => 5, say });
  talk.listen();
  const { ears, ended } = talk.ears();
  talk.connect(console);
  const press = (text: string | null): void => hear(text === null ? null : Buffer.from(text));
  return { talk, ears, ended, press, screen, said, sent, flow, gone, console };
}

describe("at a terminal", () => {
  it("keys go to the machine, Ctrl-C too, and what it says to the screen as it is", () => {
    const { press, sent, ears, screen } = bench(true);
    press("\u0003");
    ears.output(Buffer.from("\u001B[2J$ "));
    expect([sent, screen]).toEqual([["\u0003"], ["\u001B[2J$ "]]);
  });

  it("the escape leaves, breaks, flushes and helps", async () => {
    const { press, sent, said, ended } = bench(true);
    press("~B");
    press("~F");
    press("~?");
    press("~.");
    expect(sent).toEqual(["<break>"]);
    expect(said).toEqual([
      "a break is sent",
      "3 bytes that waited are thrown away",
      expect.stringMatching(/~\. {3}leave the console/),
    ]);
    expect(await ended).toEqual({ kind: "left", how: "by its escape" });
  });

  it("what is too much is dropped and told once, until there is room", () => {
    const { press, sent, said, ears } = bench(true);
    press("123456");
    press("789012");
    expect(sent).toEqual(["1234", "7890"]);
    expect(said).toEqual(["too much waits to be taken: what is typed now is dropped"]);
    ears.taken();
    press("123456");
    expect(said).toHaveLength(2);
  });

  it("what is typed at a console that is lost goes nowhere, also when it is back; the escape leaves", async () => {
    const { press, sent, said, ears, ended, talk, console } = bench(true);
    const why = failure("transient", "IW-B01", "gone");
    ears.ended(why);
    expect(await ended).toEqual({ kind: "lost", why } satisfies TalkEnd);
    press("rm -rf /\r");
    press("more\r");
    press("~B");
    talk.ears();
    talk.connect(console);
    expect(sent).toEqual([]);
    expect(said).toEqual([
      "the console is lost: what is typed now goes nowhere",
      "the console is lost: nothing was sent",
    ]);
    const { ended: again } = talk.ears();
    press("~.");
    expect(await again).toMatchObject({ kind: "left" });
    expect(await talk.ears().ended).toMatchObject({ kind: "left" });
  });

  it("a terminal that goes away leaves", async () => {
    const { gone, ended } = bench(true);
    gone.abort();
    expect(await ended).toEqual({ kind: "left", how: "when its terminal went away" });
  });
});

describe("in a pipe", () => {
  it("nothing is an escape, and nothing is dropped: the pipe waits for room", () => {
    const { press, sent, flow, ears, talk, said } = bench(false);
    press("~.\n~.78");
    expect(sent).toEqual(["~.\n~"]);
    expect(flow).toEqual(["pause"]);
    ears.taken();
    expect(sent).toEqual(["~.\n~", ".78"]);
    expect(flow).toEqual(["pause", "resume"]);
    press(null);
    expect([talk.isTypedOut, talk.isUntaken, talk.left.aborted]).toEqual([true, true, false]);
    ears.taken();
    expect([talk.isUntaken, said]).toEqual([false, []]);
  });
});
