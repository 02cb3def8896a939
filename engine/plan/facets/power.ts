import { known } from "../../../schemas/observation.ts";
import { inWords } from "../durations.ts";
import {
  type Closing,
  enforceOwnDeploys,
  type Facet,
  type NodeView,
  RANKS,
  suspendedBy,
  whyUnknown,
} from "./facet.ts";

/** On, or off: gracefully where the BMC offers it, forced at its deadline. */
export const powerFacet: Facet = {
  name: "power",
  observes: ["power"],
  driftDefault: enforceOwnDeploys,
  value: (observation) => known(observation, "power"),

  compare({ node, record, observation }) {
    const desired = node.spec.power ?? "unmanaged";
    if (desired === "unmanaged") return { kind: "undeclared" };
    const why = suspendedBy(record);
    if (why !== null) return { kind: "suspended", why };
    const observed = known(observation, "power");
    if (observed === undefined)
      return { kind: "unknown", desired, why: whyUnknown(observation, "power") };
    if (observed === desired) return { kind: "same", desired };
    return { kind: "differs", desired, differences: [{ path: "/power", desired, observed }] };
  },

  close(view, { desired, observed }) {
    if (observed === "powering-on" || observed === "powering-off")
      return { kind: "nothing", why: `it is ${observed} just now; plan again in a minute` };
    const message = taskInTheWay(view.observation);
    if (message !== null)
      return { kind: "blocked", blocked: { kind: "task", code: "IW-B17", message } };
    return desired === "on" ? powerOn(view) : powerOff(view);
  },
};

/** A task that runs, or that may run: a reset in the middle of a firmware update ends a board. */
export function taskInTheWay(observation: NodeView["observation"]): string | null {
  const reading = observation?.facets.tasks;
  if (reading?.known === false) {
    const why = reading.why === null ? "" : ` (${reading.why.message})`;
    return `its BMC does not say whether a task runs${why}: power is left alone until it does`;
  }
  const [task] = reading?.value ?? [];
  if (task === undefined) return null;
  return `a task runs on its BMC (${task.name}, ${task.state}): power is left alone until it ends`;
}

function powerOn({ settings }: NodeView): Closing {
  return {
    kind: "steps",
    drafts: [
      {
        action: { verb: "power.on" },
        impact: "in-place",
        before: { power: "off" },
        after: { power: "on" },
        timeoutSeconds: settings.timeouts.powerSeconds,
        why: "declared on, is off",
        rank: RANKS.power,
      },
    ],
  };
}

function powerOff({ observation, settings }: NodeView): Closing {
  const { powerSeconds, softOffSeconds } = settings.timeouts;
  const resetTypes = observation?.capabilities.resetTypes;
  const graceful = resetTypes === undefined || resetTypes.includes("GracefulShutdown");
  const draft = {
    impact: "reboot",
    before: { power: "on" },
    after: { power: "off" },
    rank: RANKS.power,
  } as const;
  if (!graceful)
    return {
      kind: "steps",
      drafts: [
        {
          ...draft,
          action: { verb: "power.off" },
          timeoutSeconds: powerSeconds,
          why: "forced: its BMC offers no graceful stop",
        },
      ],
    };
  return {
    kind: "steps",
    drafts: [
      {
        ...draft,
        action: { verb: "power.softOff" },
        fallback: { verb: "power.off" },
        timeoutSeconds: softOffSeconds,
        why: `graceful; forced at ${inWords(softOffSeconds)}`,
      },
    ],
  };
}
