import type { Code } from "../../../schemas/codes.ts";
import { instantText } from "../../../schemas/instant.ts";
import { nearest } from "../../../schemas/nearest.ts";
import type { NamedStep, StepFlow, StepOffer } from "../../../schemas/steps.ts";
import { argumentProblems } from "./check-arguments.ts";
import { hasRamdisk, offerOf, type Offers } from "./offers-of.ts";
import { waitTooLong } from "./reserved-steps.ts";
import { type AskedSteps, nameOf, type StepFinding, type Where } from "./step-list.ts";

/** What is wrong with one named step on these interfaces; a finding points at the word that is wrong. */
export function checkNamed(
  named: NamedStep,
  index: number,
  asked: AskedSteps,
  offers: Offers,
): { readonly offer: StepOffer | null; readonly findings: readonly StepFinding[] } {
  const { flow, node, where } = asked;
  const at = (pointer: string): Where => ({
    ...where,
    pointer: `${where.pointer}/${index}${pointer}`,
  });
  const say = (code: Code, message: string, pointer: string): StepFinding => ({
    code,
    severity: "error",
    message,
    node,
    where: at(pointer),
  });
  const offer = offerOf(offers, flow, named);
  if (offer === null && isForRamdisk(named, offers)) {
    const near = nearestOffered(flow, named, offers);
    const said = near === null ? [] : [say("IW-I18", onlyInRamdisk(named, near), "/step")];
    return {
      offer: unknownOffer(flow, named),
      findings: said.map((one) => ({ ...one, severity: "warning" as const })),
    };
  }
  if (offer === null) {
    const message = notOffered(flow, named, offers);
    return { offer, findings: [say("IW-I18", message, "/step")] };
  }
  const findings = argumentProblems(offer, named.args ?? {}).map(({ message, argument }) =>
    say("IW-I18", message, argument === null ? "" : `/args/${escaped(argument)}`),
  );
  const pause = waitTooLong(named);
  if (pause !== null) findings.push(say("IW-I18", pause, "/args/seconds"));
  if (offer.requiresRamdisk && !hasRamdisk(offers))
    findings.push(
      say(
        "IW-P08",
        `${nameOf(offer)} needs the ramdisk, and none is built for ${offers.hardwareType}; take the step out`,
        "/step",
      ),
    );
  return { offer, findings };
}

/** Why a flow can't run a step here, with the one that was probably meant. */
export function notOffered(flow: StepFlow, named: NamedStep, offers: Offers): string {
  const name = nameOf(named);
  const elsewhere = offers.steps.find((offer) => nameOf(offer) === name);
  if (elsewhere !== undefined) {
    const flows = Object.keys(elsewhere.priority).join(", ");
    return `${name} is a step of ${flows}, not of ${flow}`;
  }
  const implementation = offers.interfaces.get(named.interface);
  if (implementation?.built === false)
    return `${name}: the ${named.interface} interface is ${implementation.implementation} here, which is not built yet`;
  const near = nearestOffered(flow, named, offers);
  const wayOut =
    near === null ? wayOutOf(offers.byFlow[flow].map(nameOf), flow) : `did you mean ${near}?`;
  if (offers.learntAt !== null && offers.namedByRamdisk.includes(named.interface))
    return `neither ${offers.hardwareType} nor its ramdisk, as it was last asked (${instantText(offers.learntAt)}), offers the ${flow} step ${name}; ${wayOut}; where the ramdisk is another one since, let it be asked anew by the request inspect`;
  return `no interface of ${offers.hardwareType} offers the ${flow} step ${name}; ${wayOut}`;
}

/** The offered step that was probably meant; null where none is near. */
export function nearestOffered(flow: StepFlow, named: NamedStep, offers: Offers): string | null {
  const names = offers.byFlow[flow].map(nameOf);
  return names.find((one) => one.endsWith(`.${named.step}`)) ?? nearest(nameOf(named), names);
}

/** True for a step of which nothing can be said before the node's ramdisk was asked for its own. */
export function isForRamdisk(named: NamedStep, offers: Offers): boolean {
  if (offers.learntAt !== null || !offers.namedByRamdisk.includes(named.interface)) return false;
  // What is known without the ramdisk stays what it is, also in a flow that does not have it.
  return !offers.steps.some((one) => nameOf(one) === nameOf(named));
}

/** Said where a step is probably misspelt: only the ramdisk could tell. */
export function onlyInRamdisk(named: NamedStep, near: string): string {
  return `${nameOf(named)} is known to the ramdisk at best, which is asked once it runs; did you mean ${near}?`;
}

/** As long as Ironic waits for one call-back of its agent. Seconds. */
const UNKNOWN_SECONDS = 1800;

/** What a plan takes a step for that only the ramdisk knows: it interrupts, and erases nothing or stands at the gate. */
function unknownOffer(flow: StepFlow, { interface: on, step }: NamedStep): StepOffer {
  return {
    interface: on,
    step,
    priority: { [flow]: 0 },
    abortable: false,
    requiresRamdisk: true,
    impact: "reboot",
    erases: null,
    args: {},
    timeoutSeconds: UNKNOWN_SECONDS,
    rerun: false,
    ramdisk: "unknown",
  };
}

function wayOutOf(names: readonly string[], flow: StepFlow): string {
  return names.length === 0 ? `it offers no ${flow} step` : `there are ${names.join(", ")}`;
}

function escaped(key: string): string {
  return key.replaceAll("~", "~0").replaceAll("/", "~1");
}
