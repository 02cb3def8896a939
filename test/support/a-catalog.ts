import type { DeployTemplateDocument, RunbookDocument } from "../../schemas/documents.ts";
import type {
  Catalog,
  DeployStep,
  InterfaceName,
  InterfaceOffer,
  NamedStep,
  StepOffer,
} from "../../schemas/steps.ts";

/** A step that is offered; give only what matters. */
export function anOffer(name: string, more: Partial<StepOffer> = {}): StepOffer {
  const [on = "", step = ""] = name.split(".");
  return {
    interface: on as InterfaceName,
    step,
    priority: { clean: 0 },
    abortable: true,
    requiresRamdisk: false,
    impact: "in-place",
    erases: null,
    args: {},
    timeoutSeconds: 60,
    rerun: true,
    ...more,
  };
}

/** An implementation with its steps; the first of each interface is the default. */
export function anInterface(
  name: InterfaceName,
  implementation: string,
  steps: readonly StepOffer[] = [],
  more: Partial<InterfaceOffer> = {},
): InterfaceOffer {
  return { interface: name, implementation, steps, built: true, ...more };
}

const IN_BAND = { requiresRamdisk: true, impact: "destructive" } as const;

/** Ironic's steps as far as they differ in a way that matters (ironic-facts 6.10), on the type `fake`. */
export const A_CATALOG: Catalog = {
  fake: {
    hardwareType: "fake",
    interfaces: [
      anInterface("power", "fake"),
      anInterface("boot", "fake"),
      anInterface("deploy", "direct", [
        anOffer("deploy.deploy", { priority: { deploy: 100 }, core: true, impact: "reboot" }),
        anOffer("deploy.write_image", { priority: { deploy: 80 }, ...IN_BAND, erases: "root" }),
        anOffer("deploy.boot_instance", { priority: { deploy: 20 }, core: true }),
        anOffer("deploy.erase_devices_metadata", {
          priority: { clean: 99, deploy: 0 },
          ...IN_BAND,
          erases: "metadata",
        }),
        anOffer("deploy.erase_devices", { priority: { clean: 10 }, ...IN_BAND, erases: "full" }),
        anOffer("deploy.burnin_cpu", {
          priority: { clean: 0, service: 0 },
          requiresRamdisk: true,
          args: { hours: { type: "integer", description: "how long", required: false } },
        }),
      ]),
      anInterface("deploy", "noop"),
      anInterface("bios", "fake", [
        anOffer("bios.factory_reset", { priority: { clean: 0, deploy: 0, service: 0 } }),
        anOffer("bios.apply_configuration", {
          priority: { clean: 0, deploy: 0, service: 0 },
          args: {
            settings: { type: "map", description: "what to set", required: true },
            when: {
              type: "string",
              description: "at which start",
              required: false,
              values: ["now", "next"],
            },
          },
        }),
      ]),
      anInterface("management", "fake", [
        anOffer("management.verify_bmc_clock", { priority: { verify: 1 } }),
        anOffer("management.clear_job_queue", { priority: { verify: 0, clean: 0 } }),
      ]),
      anInterface("vendor", "fake", [
        anOffer("vendor.send_raw", { priority: { clean: 0, deploy: 0, service: 0 } }),
      ]),
      anInterface("inspect", "fake"),
      anInterface("inspect", "agent", [], { impact: "reboot" }),
    ],
  },
  bare: {
    hardwareType: "bare",
    interfaces: [
      anInterface("power", "bare"),
      anInterface("boot", "ipxe", [], { built: false }),
      anInterface("raid", "agent", [], { built: false }),
      anInterface("deploy", "direct", [
        anOffer("deploy.erase_devices", { priority: { clean: 10 }, ...IN_BAND, erases: "full" }),
      ]),
    ],
  },
};

const DOCUMENT = { apiVersion: "ironwright/v1" } as const;

export function aTemplate(
  name: string,
  traits: readonly string[],
  steps: readonly DeployStep[],
): DeployTemplateDocument {
  const spec = { traits: [...traits], steps: [...steps] };
  return { ...DOCUMENT, kind: "DeployTemplate", metadata: { name }, spec };
}

export function aRunbook(
  name: string,
  flow: "clean" | "service",
  traits: readonly string[],
  steps: readonly NamedStep[],
): RunbookDocument {
  const spec = { flow, traits: [...traits], steps: [...steps] };
  return { ...DOCUMENT, kind: "Runbook", metadata: { name }, spec };
}

/** `bios.factory_reset` as a named step. */
export function named(name: string, args?: Readonly<Record<string, unknown>>): NamedStep {
  const [on = "", step = ""] = name.split(".");
  const plain = { interface: on as InterfaceName, step };
  return args === undefined ? plain : { ...plain, args: { ...args } };
}
