import type { NamedStep, ReservedStep, StepOffer } from "../../../schemas/steps.ts";

/** Longer pauses are holds: nobody waits for a machine that rests for more than a day. */
const WAIT_SECONDS_MAX = 86_400;
/** The longest a machine may take to change its power; the acts themselves have the settings' times. */
const POWER_SECONDS_MAX = 900;

/** On request only, in every list that a person writes. */
const ON_REQUEST = { deploy: 0, clean: 0, service: 0 } as const;

const PLAIN = {
  interface: "power",
  priority: ON_REQUEST,
  abortable: true,
  requiresRamdisk: false,
  erases: null,
  args: {},
  rerun: true,
} as const;

/**
 * The steps that the engine does itself, offered on the power interface of every node (ironic-facts 6.3). They are
 * checked and listed as all others are: Ironic skips them in its check and so loses them (ironic-facts 1.7b).
 */
export const RESERVED_OFFERS: Readonly<Record<ReservedStep, StepOffer>> = {
  wait: {
    ...PLAIN,
    step: "wait",
    impact: "none",
    args: {
      seconds: { type: "duration", description: "how long nothing is done", required: true },
    },
    timeoutSeconds: WAIT_SECONDS_MAX,
  },
  hold: { ...PLAIN, step: "hold", impact: "none", timeoutSeconds: 0, rerun: false },
  power_on: { ...PLAIN, step: "power_on", impact: "in-place", timeoutSeconds: POWER_SECONDS_MAX },
  power_off: { ...PLAIN, step: "power_off", impact: "reboot", timeoutSeconds: POWER_SECONDS_MAX },
  reboot: {
    ...PLAIN,
    step: "reboot",
    impact: "reboot",
    timeoutSeconds: 2 * POWER_SECONDS_MAX,
    rerun: false,
  },
};

/** The reserved step of that name; null for all that drivers offer. */
export function reservedStep(named: Pick<NamedStep, "interface" | "step">): ReservedStep | null {
  return named.interface === "power" && isReserved(named.step) ? named.step : null;
}

/** Why a pause is too long; null when it is not. */
export function waitTooLong(named: NamedStep): string | null {
  const seconds = named.args?.["seconds"];
  if (reservedStep(named) !== "wait" || typeof seconds !== "number") return null;
  if (seconds <= WAIT_SECONDS_MAX) return null;
  return `power.wait: ${seconds} s is more than a day (${WAIT_SECONDS_MAX} s); write power.hold, and let it go by a request unhold`;
}

function isReserved(step: string): step is ReservedStep {
  return Object.hasOwn(RESERVED_OFFERS, step);
}
