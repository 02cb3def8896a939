import type { NodeRequest, NodeSpec, RequestAction } from "../../../schemas/documents.ts";
import { instantText } from "../../../schemas/instant.ts";
import type { NodeRecord } from "../../../schemas/record.ts";
import type { NamedStep } from "../../../schemas/steps.ts";
import type { Draw } from "./draw.ts";
import { drawImage } from "./draw-fleet.ts";

/** What a change of one node is drawn from. */
export interface Before {
  readonly spec: NodeSpec;
  readonly record: NodeRecord;
  /** The machine that stands there now. */
  readonly serial: string;
  readonly now: number;
  /** Requests of no life share an id. */
  readonly id: string;
}

const HOUR_MS = 60 * 60_000;

/** Another declaration of one node, of a kind that people commit. */
export function changed(draw: Draw, before: Before): NodeSpec {
  const { spec, record } = before;
  if (record.provisionState.endsWith(" hold") && draw.percent(60))
    return asked(draw, before, draw.one(["unhold", "unhold", "abort"] as const));
  const kind = draw.weighted({
    state: 18,
    image: 10,
    power: 8,
    protect: 7,
    request: 40,
    identity: 8,
    clean: 5,
    maintenance: 3,
    retire: 3,
    hold: 3,
    drift: 4,
    mode: 1,
  });
  return CHANGES[kind](draw, before, spec);
}

type Change = (draw: Draw, before: Before, spec: NodeSpec) => NodeSpec;

const CHANGES = {
  state: (draw, _before, spec) => {
    const state = draw.weighted({
      active: 40,
      available: 25,
      manageable: 12,
      adopted: 8,
      rescue: 12,
      enroll: 3,
    });
    return { ...spec, provision: { ...spec.provision, state } };
  },
  image: (draw, _before, spec) => ({
    ...spec,
    provision: { ...spec.provision, image: drawImage(draw) },
  }),
  power: (draw, _before, spec) => ({
    ...spec,
    power: draw.one(["on", "off", "unmanaged"] as const),
  }),
  protect: (_draw, _before, spec) => ({ ...spec, protected: spec.protected !== true }),
  request: (draw, before) => asked(draw, before, fitting(draw, before)),
  identity: (_draw, before, spec) => ({ ...spec, identity: { serial: before.serial } }),
  clean: (draw, _before, spec) => ({
    ...spec,
    clean: { ...spec.clean, automated: draw.one(["metadata", "full", "none"] as const) },
  }),
  maintenance: (_draw, _before, spec) => ({
    ...spec,
    maintenance: { enabled: spec.maintenance?.enabled !== true, reason: "fans" },
  }),
  retire: (_draw, _before, spec) => {
    const { retired, ...rest } = spec;
    return retired === undefined ? { ...spec, retired: { reason: "old" } } : rest;
  },
  hold: (draw, _before, spec) => {
    const { holds, ...rest } = spec;
    const scope = draw.one(["all", "power", "reboot", "destructive"] as const);
    return holds === undefined ? { ...spec, holds: [{ reason: "fans", scope }] } : rest;
  },
  drift: (draw, _before, spec) => ({
    ...spec,
    drift: { default: draw.one(["enforce", "report", "ignore"] as const) },
  }),
  mode: (_draw, _before, spec) => ({
    ...spec,
    mode: spec.mode === "observe" ? "manage" : "observe",
  }),
} satisfies Record<string, Change>;

/** A request that makes sense where the node is, mostly. */
function fitting(draw: Draw, { record }: Before): RequestAction {
  const inService = record.instance !== null;
  if (inService)
    return draw.weighted({
      rebuild: 22,
      undeploy: 22,
      service: 18,
      reboot: 10,
      "soft-reboot": 6,
      nmi: 3,
      replace: 6,
      clean: 3,
      abort: 4,
      claim: 3,
    });
  return draw.weighted({
    clean: 30,
    claim: 22,
    inspect: 14,
    rebuild: 10,
    undeploy: 5,
    reboot: 6,
    replace: 8,
    unhold: 3,
    abort: 3,
  });
}

/** The node with one more request, and mostly with what must be declared for it. */
function asked(draw: Draw, before: Before, action: RequestAction): NodeSpec {
  const { spec, now, id } = before;
  const hours = draw.weighted({ "1": 15, "30": 45, "300": 40 });
  const expires = instantText(now + Number(hours) * HOUR_MS);
  const request = { id, action, expires, ...ARGUMENTS[action]?.(draw, before) };
  const requests = [...(spec.requests ?? []), request];
  return { ...spec, requests, ...(draw.percent(85) ? BESIDES[action]?.(before) : {}) };
}

type Drawn<T> = Readonly<Partial<Record<RequestAction, T>>>;

const ARGUMENTS: Drawn<(draw: Draw, before: Before) => Partial<NodeRequest>> = {
  clean: (draw) => ({ steps: drawSteps(draw, [...CLEAN, ...EITHER]) }),
  service: (draw) => ({ steps: drawSteps(draw, EITHER) }),
  claim: (_draw, { spec, serial }) => ({ serial: spec.identity?.serial ?? serial }),
  replace: (draw) => ({ keep: draw.one(["none", "disks"] as const) }),
};

/** What is declared in the same commit, for the request to make sense. */
const BESIDES: Drawn<(before: Before) => Partial<NodeSpec>> = {
  undeploy: ({ spec }) => ({ provision: { ...spec.provision, state: "available" } }),
  rebuild: ({ spec }) => ({ provision: { ...spec.provision, state: "active" } }),
  replace: ({ serial }) => ({ identity: { serial } }),
};

const CLEAN: readonly NamedStep[] = [
  { interface: "deploy", step: "erase_devices_metadata" },
  { interface: "deploy", step: "erase_devices" },
  { interface: "bios", step: "factory_reset" },
];

const EITHER: readonly NamedStep[] = [
  { interface: "deploy", step: "burnin_cpu", args: { duration: 600 } },
  { interface: "vendor", step: "log", args: { message: "hello" } },
  { interface: "vendor", step: "stamp" },
  { interface: "vendor", step: "slow", args: { duration: 60 } },
  { interface: "power", step: "wait", args: { seconds: 90 } },
  { interface: "power", step: "hold" },
  { interface: "power", step: "reboot" },
  { interface: "deploy", step: "stress_gpu" },
  { interface: "deploy", step: "stress_gpu", args: { hours: 1 } },
  { interface: "deploy", step: "shred_nvme" },
  { interface: "deploy", step: "nobody_has_it" },
];

function drawSteps(draw: Draw, from: readonly NamedStep[]): NamedStep[] {
  return Array.from({ length: draw.whole(1, 3) }, () => draw.one(from));
}
