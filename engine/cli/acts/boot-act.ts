import { placeText } from "../../../schemas/diagnostic.ts";
import { BOOT_DEVICES, type BootDevice } from "../../../schemas/documents.ts";
import { originOf } from "../../../schemas/fleet.ts";
import { known } from "../../../schemas/observation.ts";
import { sameValue } from "../../plan/canonical-json.ts";
import { agreedBefore } from "../../plan/cause.ts";
import { type Known, nextApply } from "../../plan/next-apply.ts";
import { valueText } from "../../plan/verdict.ts";
import { answer } from "../answer.ts";
import { type Command, CommandError, type CommandInput, flag, textOption } from "../command.ts";
import { EXIT, type ExitCode } from "../exit-code.ts";
import { sightings } from "../view.ts";
import { loadWorld, nodeNamed } from "../world.ts";
import { type ActWish, secondsOption, TIMEOUT, wordsTyped } from "./act-wish.ts";
import { runAct } from "./run-act.ts";

/** `node boot`: what it boots from; with `--device` another device, for the next boot or for all. */
export const bootAct: Command = {
  name: "boot",
  group: "node",
  arguments: "<node>",
  completes: "node",
  summary:
    "what one node boots from, and what its BMC offers; --device sets it, --once for one boot",
  options: [
    { flags: "--device <device>", description: BOOT_DEVICES.join(", ") },
    { flags: "--once", description: "for the next boot alone" },
    TIMEOUT,
  ],
  examples: [
    "ironwright node boot r2-n17",
    "ironwright node boot r2-n17 --device cdrom --once",
    "ironwright node boot r2-n17 --device disk",
  ],
  run(input) {
    const device = textOption(input, "device");
    if (device !== undefined) return runAct(input, wishOf(input, device));
    if (flag(input, "once"))
      throw new CommandError(EXIT.usage, "--once needs a device: --device pxe --once");
    return read(input);
  },
};

function wishOf(input: CommandInput, text: string): ActWish {
  const device = BOOT_DEVICES.find((one) => one === text);
  if (device === undefined)
    throw new CommandError(EXIT.usage, `--device "${text}" is none of ${BOOT_DEVICES.join(", ")}`);
  const once = flag(input, "once");
  return {
    typed: `node boot --device ${device}${once ? " --once" : ""}`,
    command: `node boot ${wordsTyped(input, bootAct.options)}`,
    node: input.args[0],
    ask: { kind: "bootDevice", device, persistent: !once },
    timeoutSeconds: secondsOption(input, "timeout", "--timeout"),
    question: (node) => `Let ${node} boot from ${device}`,
    asks: false,
    already: `it is set to boot from ${device}${once ? " once" : ""}`,
    hold: null,
    follows: (now) => after(now, { device, persistent: !once }),
  };
}

/** A boot once leaves no override behind: BMCs have one slot for both, and git's own was in it. */
function after(now: Known, set: { device: BootDevice; persistent: boolean }): string | null {
  const device = now.node.spec.boot?.device;
  if (device === undefined || (device === set.device && set.persistent)) return null;
  const desired = { device, persistent: true };
  const next = nextApply("bootDevice", desired, now);
  const held = sameValue(agreedBefore({ name: "bootDevice" }, now), desired);
  return set.persistent || !held
    ? `git says ${device}: ${next}`
    : `git says ${device}: left alone until that boot; then no device is set any more, and ${next}`;
}

async function read(input: CommandInput): Promise<ExitCode> {
  const world = await loadWorld(input);
  const node = nodeNamed(world.fleet, input.args[0]);
  const { nodes } = await sightings(input, world, { live: true, select: new Set([node.name]) });
  const observation = nodes[0]?.observation;
  const silent = observation?.unreachable ?? null;
  if (silent !== null)
    throw new CommandError(EXIT.failed, `${node.name}: ${silent.message}`, silent.code);
  const seen = known(observation, "bootDevice") ?? null;
  const supported = observation?.capabilities.bootDevices ?? null;
  const declared = node.spec.boot?.device ?? null;
  const at = placeText(originOf(node, "/boot/device"), false);
  const data = {
    node: node.name,
    device: seen?.device ?? null,
    persistent: seen?.persistent ?? null,
    supported,
    declared,
  };
  answer(
    input,
    data,
    () =>
      `boots from   ${seen === null ? "unknown: its BMC does not say" : seenText(seen)}\n` +
      `offered      ${supported === null ? "its BMC does not say" : supported.join(", ")}\n` +
      `git says     ${declared === null ? "nothing" : `${declared} (${at})`}\n`,
  );
  return seen === null ? EXIT.failed : EXIT.done;
}

function seenText(seen: { readonly device: string; readonly persistent: boolean }): string {
  return seen.device === "none" ? "the machine's own order (no override is set)" : valueText(seen);
}
