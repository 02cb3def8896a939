import type { Draw } from "./draw.ts";

const VERBS = [
  "power.on",
  "power.off",
  "power.softOff",
  "boot.ramdisk",
  "boot.instance",
  "management.setBootDevice",
  "session.open",
] as const;
const STEPS = [
  "deploy.write_image",
  "deploy.erase_devices_metadata",
  "deploy.erase_devices",
  "deploy.burnin_cpu",
  "management.verify_bmc_clock",
] as const;

/** One thing that a machine does wrong, once or until it is mended, in the words of `spec.fake.failures`. */
export function drawFailure(draw: Draw): string {
  const kind = draw.weighted({ verb: 45, step: 35, agent: 12, facet: 8 });
  if (kind === "facet") return `observe:${draw.one(["power", "identity", "inventory", "tasks"])}`;
  const once = draw.percent(60) ? ":once" : "";
  if (kind === "agent") return `agent:never${once}`;
  const how = draw.one(["refused", "unsent", "lost", "ignored"] as const);
  if (kind === "verb") return `${draw.one(VERBS)}:${how}${once}`;
  return `step:${draw.one(STEPS)}:${draw.percent(50) ? "failed" : how}${once}`;
}
