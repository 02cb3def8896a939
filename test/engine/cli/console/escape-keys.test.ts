import { describe, expect, it } from "vitest";
import { EscapeKeys, escapeByte } from "../../../../engine/cli/console/escape-keys.ts";

/** What becomes of keys that come in these portions. */
function taken(escape: string, ...portions: readonly string[]): readonly string[] {
  const keys = new EscapeKeys(escapeByte(escape) ?? null);
  return portions
    .flatMap((text) => keys.take(Buffer.from(text)))
    .map((key) => (key.kind === "text" ? Buffer.from(key.bytes).toString() : `<${key.kind}>`));
}

describe("--escape", () => {
  it.each(["", "ab", "é", " ", "^", "^M", "^j", "^1", "NONE", "\u0001"])("%j is none", (text) => {
    expect(escapeByte(text)).toBe(text === "^" ? 0x5e : undefined);
  });

  it.each([
    ["~", 0x7e],
    ["&", 0x26],
    ["^]", 0x1d],
    ["^a", 1],
    ["none", null],
  ])("%s is a key", (text, byte) => {
    expect(escapeByte(text)).toBe(byte);
  });
});

describe("the escape", () => {
  it.each([
    [["~."], ["<leave>"]],
    [["ls\r~."], ["ls\r", "<leave>"]],
    [
      ["ls\r", "~", "."],
      ["ls\r", "<leave>"],
    ],
    [["~B~B~?x"], ["<break>", "<break>", "<help>", "x"]],
    [["abc~F"], ["abc~F"]],
    [["\n~F"], ["\n", "<flush>"]],
    [["~~."], ["~."]],
    [["~~~."], ["~~."]],
    [["~x~."], ["~x~."]],
    [["~\r~."], ["~\r", "<leave>"]],
    [["echo ~.\r"], ["echo ~.\r"]],
  ])("%j is %j", (portions, expected) => {
    expect(taken("~", ...portions)).toEqual(expected);
  });

  it("is another key, or none at all", () => {
    expect(taken("^]", "~.\r\u001D.")).toEqual(["~.\r", "<leave>"]);
    expect(taken("none", "~.\r~B")).toEqual(["~.\r~B"]);
  });

  it("changes no byte of what is not text", () => {
    const all = Uint8Array.from({ length: 256 }, (_, byte) => byte);
    const keys = new EscapeKeys(0x7e).take(Buffer.concat([Buffer.from("x"), all]));
    expect(keys).toEqual([{ kind: "text", bytes: Uint8Array.from([0x78, ...all]) }]);
  });
});
