import type { FleetNode } from "../../schemas/fleet.ts";
import type { InterfaceAnswer, SettingsFinding } from "../../schemas/interface-answer.ts";
import type { Observation, ObservedFacet } from "../../schemas/observation.ts";
import { type InterfaceName, type InterfaceOffer, INTERFACES } from "../../schemas/steps.ts";
import type { Offers } from "./steps/offers-of.ts";

/** What an answer is made of. */
export interface AnswerFrom {
  readonly node: FleetNode;
  readonly offers: Offers;
  /** What its hardware type finds wrong with its settings; then its BMC need not be read. */
  readonly findings: readonly SettingsFinding[];
  /** Undefined where its BMC was not asked. */
  readonly observation: Observation | undefined;
}

type Judged = Pick<InterfaceAnswer, "result" | "reason" | "code">;

const FINE: Judged = { result: true, reason: null, code: null };

/** Facets that an interface can't do without; those that were not read say nothing. */
const NEEDS: Readonly<Partial<Record<InterfaceName, readonly ObservedFacet[]>>> = {
  power: ["power"],
  management: ["identity", "bootDevice"],
  boot: ["bootMode"],
  bios: ["bios"],
  inspect: ["identity"],
};

/** What an interface wants of the node's document, besides what its hardware type knows. */
const WANTS: Readonly<Partial<Record<InterfaceName, (node: FleetNode) => string | null>>> = {
  deploy: imageMissing,
  rescue: rescueMissing,
};

/** Every interface of a node and whether it would work, in the order of `INTERFACES`; nothing is sent. */
export function interfaceAnswers(from: AnswerFrom): readonly InterfaceAnswer[] {
  return INTERFACES.map((name) => {
    const offer = from.offers.interfaces.get(name);
    const judged = offer === undefined ? withoutOffer(from, name) : judge(from, offer);
    return { interface: name, implementation: offer?.implementation ?? null, ...judged };
  });
}

function withoutOffer({ offers, observation }: AnswerFrom, name: InterfaceName): Judged {
  const problem = offers.problems.find(({ pointer }) => pointer === `/interfaces/${name}`);
  if (problem !== undefined) return { result: false, reason: problem.message, code: "IW-I18" };
  if (!offers.isKnown) {
    const { message, code } = observation?.unreachable ?? {};
    const reason = message ?? `the hardware type ${offers.hardwareType} is not known here`;
    return { result: false, reason, code: code ?? "IW-I06" };
  }
  return none(`${offers.hardwareType} has no ${name} interface`, "IW-P08");
}

function none(reason: string, code: string): Judged {
  return { result: null, reason, code };
}

function judge(from: AnswerFrom, offer: InterfaceOffer): Judged {
  const { interface: name, implementation, built } = offer;
  if (implementation.startsWith("no-")) return none(`${implementation}: switched off`, "IW-P08");
  if (!built) return none(`${implementation} is not built yet`, "IW-P08");
  if (implementation === "noop") return FINE;
  const finding = from.findings.find(({ interfaces }) => interfaces?.includes(name) ?? true);
  if (finding !== undefined) return { result: false, reason: finding.message, code: "IW-I04" };
  const missing = WANTS[name]?.(from.node) ?? null;
  if (missing !== null) return { result: false, reason: missing, code: "IW-I20" };
  return seen(from.observation, NEEDS[name] ?? []);
}

function seen(observation: Observation | undefined, needs: readonly ObservedFacet[]): Judged {
  if (observation === undefined) return none("its BMC was not asked", "IW-P03");
  const { unreachable, facets } = observation;
  if (unreachable !== null)
    return { result: false, reason: unreachable.message, code: unreachable.code };
  for (const facet of needs) {
    const reading = facets[facet];
    if (reading === undefined || reading.known) continue;
    const { message, code } = reading.why ?? {};
    const reason = message ?? `its BMC does not say its ${facet}`;
    // What a BMC does not offer is no fault of the node's.
    const result = code === undefined || code === "IW-B18" ? null : false;
    return { result, reason, code: code ?? "IW-B18" };
  }
  return FINE;
}

function imageMissing({ spec }: FleetNode): string | null {
  const { state, image } = spec.provision ?? {};
  if (image === undefined)
    return state === "active"
      ? "provision.image is missing; write the image that the node is to run"
      : null;
  if (image.url === undefined)
    return image.name === undefined ? "provision.image.url is missing; write where it is" : null;
  return image.checksum === undefined
    ? 'provision.image.checksum is missing; write checksum: "sha256:..."'
    : null;
}

function rescueMissing({ spec }: FleetNode): string | null {
  const { state, rescue } = spec.provision ?? {};
  const hasKey = rescue?.password !== undefined || (rescue?.sshKeys?.length ?? 0) > 0;
  return state === "rescue" && !hasKey
    ? "provision.rescue names no password and no sshKeys; write one, or nobody can log in"
    : null;
}
