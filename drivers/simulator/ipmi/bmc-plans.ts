import type { Hop } from "../../ipmi/bridge.ts";
import type { Machine } from "../machine.ts";
import { SATELLITE_CHANNEL, satelliteAt } from "./chassis.ts";
import type { IpmiFace } from "./ipmi-face.ts";

/** One BMC that is to speak IPMI: a machine's own, or that of a chassis with machines behind it. */
export interface BmcPlan {
  readonly face: IpmiFace;
  /** Null: it is the chassis's alone. */
  readonly own: Machine | null;
  readonly behind: readonly (readonly [Hop, Machine])[];
}

/** Which machines have a BMC together. One face for all gives its port to the first BMC, and lets the system choose the others'. */
export function bmcPlans(
  faces: IpmiFace | ((machine: string) => IpmiFace) | undefined,
  machines: readonly Machine[],
): readonly BmcPlan[] {
  if (faces === undefined) return [];
  if (typeof faces === "function")
    return joined(machines.map((one) => [faces(one.spec.name), one]));
  if (faces.layout === "one-port") {
    const behind = machines.map((machine, index) => [satelliteAt(index), machine] as const);
    return [{ face: faces, own: null, behind }];
  }
  return machines.map((own, index) => ({
    face: index === 0 ? faces : { ...faces, port: 0 },
    own,
    behind: [],
  }));
}

/** Those that are behind a BMC come to the one at their port. */
function joined(all: readonly (readonly [IpmiFace, Machine])[]): readonly BmcPlan[] {
  const plans = new Map<string, BmcPlan>();
  for (const [face, machine] of all) {
    const { host = "", port = 0, behind: address } = face;
    const key = port === 0 ? machine.spec.name : `${host} ${port}`;
    const plan = plans.get(key) ?? { face, own: null, behind: [] };
    const hop = address === undefined ? null : { channel: SATELLITE_CHANNEL, address };
    plans.set(
      key,
      hop === null
        ? { ...plan, face, own: machine }
        : { ...plan, behind: [...plan.behind, [hop, machine]] },
    );
  }
  return [...plans.values()];
}
