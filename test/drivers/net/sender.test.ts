import { expect, it } from "vitest";
import { senderIn, userAgentOf } from "../../../drivers/net/sender.ts";

const SENDER = { engine: "hall-a", incarnation: "5f0c", epoch: 1, fence: 12 };

it("a User-Agent names engine, process and fence, and is read back", () => {
  expect(userAgentOf(SENDER)).toBe("ironwright instance/hall-a incarnation/5f0c fence/1.12");
  expect(senderIn(userAgentOf(SENDER))).toEqual(SENDER);
});

it.each(["hall a", "a/b", "(a)", "Zürich\r\nX-Auth-Token: 1", "a%b", '{}<>@,;:\\"[]?='])(
  "an engine named %j makes one header of tokens, and no second one",
  (engine) => {
    const agent = userAgentOf({ ...SENDER, engine });
    // RFC 9110 5.6.2: token, and the slash between product and version.
    expect(agent).toMatch(/^[\w!#$%&'*+.^`|~/ -]+$/);
    expect(agent.split(" ")).toHaveLength(4);
    expect(decodeURIComponent(senderIn(agent)?.engine ?? "")).toBe(engine);
  },
);

it.each([
  "",
  "curl/8.1",
  "ironwright",
  "ironwright instance/a incarnation/1 fence/12",
  "ironwright instance/a%0 incarnation/1 fence/1.-2",
])("%j names no lease", (agent) => {
  expect(senderIn(agent)).toBeNull();
});
