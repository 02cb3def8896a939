import { type Landing, POOL } from "./ironic-states.ts";

const busy: Landing = {
  state: "enroll",
  why: "Metal3 is at work on the machine, so only reads are sent",
  todo: "let it end, export again; or write what it is: adopted, manageable",
};

/** States of `status.provisioning.state` (peers.md, Metal3; BMO api type ProvisioningState). */
export const METAL3_LANDINGS: Readonly<Record<string, Landing>> = {
  unmanaged: { state: "enroll" },
  registering: busy,
  "match profile": busy,
  inspecting: busy,
  preparing: busy,
  ready: POOL,
  available: POOL,
  provisioning: busy,
  provisioned: { state: "adopted" },
  "externally provisioned": { state: "adopted" },
  deprovisioning: busy,
  "powering off before delete": busy,
  deleting: busy,
};
