import type { DeployTemplateDocument, RunbookDocument } from "../../../schemas/documents.ts";
import type { Fleet } from "../../../schemas/fleet.ts";
import { nearest } from "../../../schemas/nearest.ts";
import type { Catalog, HardwareOffer, NamedStep } from "../../../schemas/steps.ts";
import { checkNamed } from "./check-named.ts";
import { layOver, templatesFor } from "./deploy-list.ts";
import { offerOf, type Offers, offersOf } from "./offers-of.ts";
import { type AskedSteps, nameOf, type StepFinding } from "./step-list.ts";

/**
 * What is wrong with the DeployTemplates and Runbooks that no node uses: each step must be one that some hardware type
 * can run as it is written. Those in use are judged by the lists of their nodes.
 */
export function checkUnused(
  { nodes, templates, runbooks }: Pick<Fleet, "nodes" | "templates" | "runbooks">,
  catalog: Catalog,
): readonly StepFinding[] {
  const used = new Set(nodes.flatMap((node) => templatesFor(node, templates)));
  const asked = new Set(
    nodes.flatMap(({ spec }) => (spec.requests ?? []).flatMap(({ runbook }) => runbook ?? [])),
  );
  const known = Object.values(catalog).flatMap((hardware) => compositions(hardware, catalog));
  return [
    ...templates.filter((one) => !used.has(one)).flatMap((one) => checkTemplate(one, known)),
    ...runbooks
      .filter(({ metadata }) => !asked.has(metadata.name))
      .flatMap((one) => checkRunbook(one, known)),
  ];
}

/** A hardware type with its defaults, and with each other implementation in the place of one of them. */
function compositions(
  { hardwareType: driver, interfaces }: HardwareOffer,
  catalog: Catalog,
): readonly Offers[] {
  return interfaces.map(({ interface: name, implementation }) =>
    offersOf({ spec: { driver, interfaces: { [name]: implementation } } }, catalog),
  );
}

function checkTemplate(
  { metadata: { name }, spec }: DeployTemplateDocument,
  known: readonly Offers[],
): readonly StepFinding[] {
  const where = { kind: "DeployTemplate", name, pointer: "/steps" } as const;
  const asked = { flow: "deploy", node: null, source: `template ${name}`, where } as const;
  return spec.steps.flatMap((step, index) => {
    const answers = known.map((offers) => layOver(new Map(), step, index, { asked, offers }));
    return judged(step, index, asked, { known, answers });
  });
}

function checkRunbook(
  { metadata: { name }, spec: { flow, steps } }: RunbookDocument,
  known: readonly Offers[],
): readonly StepFinding[] {
  const where = { kind: "Runbook", name, pointer: "/steps" } as const;
  const asked = { flow, node: null, source: `runbook ${name}`, where } as const;
  return steps.flatMap((step, index) => {
    const answers = known.map((offers) => checkNamed(step, index, asked, offers).findings);
    return judged(step, index, asked, { known, answers });
  });
}

/** A step is right where one hardware type can run it; else the one that comes nearest says what is wrong. */
function judged(
  step: NamedStep,
  index: number,
  { flow, where }: AskedSteps,
  from: {
    readonly known: readonly Offers[];
    readonly answers: readonly (readonly StepFinding[])[];
  },
): readonly StepFinding[] {
  const { known, answers } = from;
  const errors = answers.map((found) => found.filter(({ severity }) => severity === "error"));
  if (errors.some((found) => found.length === 0)) return [];
  const offered = known.findIndex((offers) => offerOf(offers, flow, step) !== null);
  if (offered !== -1) return errors[offered] ?? [];
  const name = nameOf(step);
  const elsewhere = known.findIndex(({ steps }) => steps.some((one) => nameOf(one) === name));
  if (elsewhere !== -1) return errors[elsewhere] ?? [];
  const names = [...new Set(known.flatMap(({ byFlow }) => byFlow[flow].map(nameOf)))];
  const near = names.find((one) => one.endsWith(`.${step.step}`)) ?? nearest(name, names);
  const wayOut = near === null ? `there are ${names.join(", ")}` : `did you mean ${near}?`;
  const message = `no hardware type offers the ${flow} step ${name}; ${wayOut}`;
  const at = { ...where, pointer: `${where.pointer}/${index}/step` };
  return [{ code: "IW-I18", severity: "error", message, node: null, where: at }];
}
