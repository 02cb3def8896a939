import { expect, test } from "vitest";
import { redfishVendor } from "../../../drivers/redfish/redfish-vendor.ts";
import { CommandError } from "../../../engine/cli/command.ts";
import { vendorArgs } from "../../../engine/cli/vendor-args.ts";

const SECRET = "hunter2";
const DESTINATION = "https://events.example/r1";

/** What is said of arguments that are not taken; throws where they are. */
function refusal(name: string, args: unknown): string {
  const method = redfishVendor.find((one) => one.name === name);
  if (method === undefined) throw new Error(`there is no ${name}`);
  try {
    vendorArgs(method, typeof args === "string" ? args : JSON.stringify(args));
  } catch (error) {
    if (error instanceof CommandError && error.exit === 64) return error.message;
    throw error;
  }
  throw new Error("they were taken");
}

const URL_WANTED = "args.Destination: must be an https:// or http:// URL without user and password";

const WRONG: readonly (readonly [unknown, string])[] = [
  ["{", "--args is no JSON object"],
  ["", "--args is no JSON object"],
  ["null", "--args is no JSON object"],
  ["[]", `write it as --args '{"Destination": ...}'`],
  [`"${DESTINATION}"`, "--args is no JSON object"],
  [
    {},
    "args.Destination is missing; it takes Destination (string, up to 1024 characters, required)",
  ],
  [{ Destination: null }, "args.Destination: expected string, received null"],
  ...[
    "",
    "events.example",
    "ftp://events.example",
    "https://",
    "https://events.example/ x",
    "https://events.example/\n",
    `https://ada:${SECRET}@events.example`,
    `https://${SECRET}@events.example`,
    "https://:@events.example",
    "https://@events.example",
  ].map((url) => [{ Destination: url }, URL_WANTED] as const),
  [{ Destination: `https://${"x".repeat(1024)}` }, "args.Destination: "],
  [{ Destination: DESTINATION, EventTypes: ["Alert", "Alarm"] }, "args.EventTypes[1]: "],
  [{ Destination: DESTINATION, EventTypes: [] }, "args.EventTypes: "],
  [{ Destination: DESTINATION, EventTypes: ["Alert", "Alert"] }, "must name each type once"],
  [{ Destination: DESTINATION, Context: 7 }, "args.Context: expected string, received number"],
  [{ Destination: DESTINATION, Context: "x".repeat(257) }, "args.Context: "],
  [{ Destination: DESTINATION, Context: "\u001b[2J" }, "args.Context: must be printable ASCII"],
  [{ Destination: DESTINATION, Protocol: "SNMPv2c" }, "args.Protocol: "],
  [{ Destination: DESTINATION, HttpHeaders: [SECRET] }, "args.HttpHeaders is unknown; there are"],
  [{ destination: SECRET }, "args.destination is unknown; did you mean Destination?"],
];

test.each(WRONG)("create_subscription takes no %j", (args, text) => {
  const said = refusal("create_subscription", args);
  expect(said).toContain(text);
  expect(said).not.toContain(SECRET);
});

test.each([
  ["get_subscription", {}, "args.id is missing"],
  ["delete_subscription", { id: 1 }, "args.id: expected string, received number"],
  ["delete_subscription", { id: "../../Systems/1" }, "args.id: must be an Id"],
  ["delete_subscription", { id: "" }, "args.id: must be an Id"],
  ["get_all_subscriptions", { id: "1" }, "args.id is unknown: it takes no arguments"],
])("%s takes no %j", (name, args, text) => {
  expect(refusal(name, args)).toContain(text);
});

test("what is left out has its default, and a URL keeps its port, path and query", () => {
  const [create] = redfishVendor.filter(({ name }) => name === "create_subscription");
  const Destination = "http://10.0.0.7:8080/events?rack=r1";
  const args = create === undefined ? {} : vendorArgs(create, JSON.stringify({ Destination }));
  expect(args).toEqual({ Destination, EventTypes: ["Alert"], Context: "", Protocol: "Redfish" });
});
