import type { VendorMethod } from "../../../drivers/driver.ts";
import type { FleetNode } from "../../../schemas/fleet.ts";
import { nearest } from "../../../schemas/nearest.ts";
import type { VendorCall } from "../../../schemas/vendor.ts";
import { offersOf } from "../../plan/steps/offers-of.ts";
import { answer } from "../answer.ts";
import { type Command, CommandError, type CommandInput, textOption } from "../command.ts";
import { EXIT, type ExitCode } from "../exit-code.ts";
import { loadDriversIfAny } from "../load-drivers.ts";
import { vendorArgs } from "../vendor-args.ts";
import { vendorData, vendorTable } from "../vendor-sheet.ts";
import { readyToAct } from "../ready-to-act.ts";
import { driverOptions, loadWorld, nodeNamed, type World } from "../world.ts";
import { type ActWish, secondsOption, TIMEOUT, YES } from "./act-wish.ts";
import { refuseSelection, runActIn } from "./run-act.ts";

/** `node vendor`: what only its kind of hardware does. */
export const vendorAct: Command = {
  name: "vendor",
  group: "node",
  arguments: "<node> [method]",
  completes: "node",
  summary: "the vendor methods of one node; with METHOD calls one of them",
  options: [
    { flags: "--args <json>", description: "its arguments, a JSON object; kept in history" },
    YES,
    TIMEOUT,
  ],
  examples: [
    "ironwright node vendor r2-n17",
    "ironwright node vendor r2-n17 get_all_subscriptions",
    `ironwright node vendor r2-n17 create_subscription --args '{"Destination": "https://events.example/r2"}'`,
  ],
  async run(input) {
    refuseSelection(input, "node vendor");
    const world = await loadWorld(input);
    const node = nodeNamed(world.fleet, input.args[0]);
    await loadDriversIfAny(input, world);
    const methods = methodsOf(input, node);
    const [, name] = input.args;
    if (name === undefined) return list(input, node, methods);
    const method = methodNamed(node, methods, name);
    const call = { method: name, args: vendorArgs(method, textOption(input, "args")) };
    if (method.reads) return read(input, world, { node, call });
    await readyToAct(input, world);
    return runActIn(input, world, wishOf(input, method, call));
  },
};

/** Those of its hardware type; a node whose vendor interface is `no-vendor` has none. */
function methodsOf({ house }: CommandInput, node: FleetNode): readonly VendorMethod[] {
  const type = house.hardwareTypes.get(node.spec.driver ?? "");
  const composed = offersOf(node, house.catalog).interfaces.get("vendor");
  return composed?.implementation === "no-vendor" ? [] : (type?.vendor ?? []);
}

/** Why a node has no vendor method. */
function noneOf({ spec }: FleetNode): string {
  const isOff = spec.interfaces?.["vendor"] === "no-vendor";
  const why = isOff ? "its vendor interface is no-vendor" : `its hardware type is ${spec.driver}`;
  return `it has no vendor methods (${why})`;
}

function methodNamed(
  node: FleetNode,
  methods: readonly VendorMethod[],
  text: string,
): VendorMethod {
  const method = methods.find(({ name }) => name === text);
  if (method !== undefined) return method;
  if (methods.length === 0)
    throw new CommandError(EXIT.usage, `${node.name}: ${noneOf(node)}; leave out "${text}"`);
  const names = methods.map(({ name }) => name);
  const near = nearest(text, names);
  const hint = near === null ? "" : `; did you mean ${near}?`;
  throw new CommandError(
    EXIT.usage,
    `vendor method "${text}" of ${node.name} is none of ${names.join(", ")}${hint}`,
  );
}

function list(input: CommandInput, node: FleetNode, methods: readonly VendorMethod[]): ExitCode {
  if (textOption(input, "args") !== undefined)
    throw new CommandError(EXIT.usage, "--args needs the method that takes them");
  answer(input, { node: node.name, methods: vendorData(methods) }, () =>
    methods.length === 0
      ? `${node.name}: ${noneOf(node)}.\n`
      : vendorTable(methods, input.io.columns),
  );
  return EXIT.done;
}

/** Neither planned nor written down: it changes nothing, and its wire refuses all but reads. */
async function read(
  input: CommandInput,
  world: World,
  { node, call }: { readonly node: FleetNode; readonly call: VendorCall },
): Promise<ExitCode> {
  const drivers = input.house.openDrivers(driverOptions(input, world));
  try {
    const driver = drivers.driverFor(node);
    if ("code" in driver) throw new CommandError(EXIT.failed, driver.message, driver.code);
    const answered = await driver.readVendor?.(node, call, input.io.stopping);
    if (answered === undefined)
      throw new CommandError(EXIT.failed, `${node.name}: its driver answers no vendor method`);
    if (!answered.ok) {
      const { message, code } = answered.failure;
      throw new CommandError(EXIT.failed, `${node.name}: ${message}`, code);
    }
    const { value } = answered;
    answer(input, value, () => `${JSON.stringify(value, null, 2)}\n`);
    return EXIT.done;
  } finally {
    await drivers.close();
  }
}

function wishOf(input: CommandInput, method: VendorMethod, call: VendorCall): ActWish {
  const [node = ""] = input.args;
  const { name, impact } = method;
  const args = textOption(input, "args");
  return {
    typed: `node vendor ${name}`,
    command: `node vendor ${node} ${name}${args === undefined ? "" : ` --args ${quoted(args)}`}`,
    node,
    ask: { kind: "vendor", ...call, impact, after: method.after?.(call.args) ?? {} },
    timeoutSeconds: secondsOption(input, "timeout", "--timeout"),
    question: (one) => `Call ${name} of ${one}`,
    asks: false,
    already: `what ${name} would bring about is so`,
    hold: null,
    follows: null,
  };
}

/** For a shell. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
