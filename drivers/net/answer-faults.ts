import { AGAIN, type Fault, LOOK, row } from "./fault-table.ts";

/** HTTP statuses of a read or login. */
const READ_STATUS_FAULTS: Readonly<Record<number, Fault>> = {
  401: row(
    "stalled",
    "IW-B04",
    "refuses the user and password",
    "correct bmc.username or the secret; it is not tried again until one of them changes",
  ),
  403: row(
    "stalled",
    "IW-B04",
    "does not let this user read it",
    "give bmc.username the role Operator on the BMC",
  ),
  404: row("stalled", "IW-B18", "does not have the resource", "it may need newer firmware"),
  406: row("stalled", "IW-B06", "cannot answer in plain JSON", "update the BMC's firmware"),
  429: row("transient", "IW-B08", "is busy: too many requests", AGAIN),
  500: row("transient", "IW-B08", "failed inside", "if it stays so, reset the BMC"),
  502: row("transient", "IW-B08", "is not ready behind its gateway", AGAIN),
  503: row("transient", "IW-B08", "is busy or starting", AGAIN),
  504: row("transient", "IW-B08", "is not ready behind its gateway", AGAIN),
};

/** HTTP statuses of a mutating request that was answered. A row with kind `ambiguous` may have taken effect. */
const ACT_STATUS_FAULTS: Readonly<Record<number, Fault>> = {
  400: row(
    "stalled",
    "IW-B10",
    "refused the act as wrong",
    "a quirk may be needed (drivers/README.md)",
  ),
  401: row(
    "stalled",
    "IW-B04",
    "refused the user and password for the act",
    "correct bmc.username or the secret",
  ),
  403: row(
    "stalled",
    "IW-B10",
    "does not let this user do it",
    "give bmc.username the role Operator or Administrator on the BMC",
  ),
  404: row(
    "stalled",
    "IW-B18",
    "does not have what the act is done on",
    "plan again; it may need newer firmware",
  ),
  405: row(
    "stalled",
    "IW-B18",
    "does not offer the act",
    "it may need newer firmware or a licence",
  ),
  409: row("transient", "IW-B10", "refused the act for the state it is in", AGAIN),
  412: row(
    "conflict",
    "IW-B10",
    "refused the act: the resource changed since it was read",
    "it is read and planned again",
  ),
  428: row(
    "stalled",
    "IW-B10",
    "wants an ETag and gives none",
    "report it; a quirk is needed (drivers/README.md)",
  ),
  429: row("transient", "IW-B08", "is busy: too many requests", AGAIN),
  500: row("ambiguous", "IW-B12", "failed inside while it was asked to act", LOOK),
  502: row("ambiguous", "IW-B12", "was lost behind its gateway while it was asked to act", LOOK),
  503: row("transient", "IW-B08", "is busy or starting and refused the act", AGAIN),
  504: row("ambiguous", "IW-B12", "was lost behind its gateway while it was asked to act", LOOK),
};

/**
 * Last segment of a Redfish MessageId (DSP2065 Base registry; vendors as said) -> what it means. It wins over
 * the status, because vendors give statuses freely.
 */
const MESSAGE_FAULTS: Readonly<Record<string, Fault>> = {
  SessionLimitExceeded: row(
    "transient",
    "IW-B09",
    "has no free session",
    "end idle sessions on the BMC; it is tried again later",
  ),
  CreateLimitReachedForResource: row(
    "transient",
    "IW-B09",
    "has no free session",
    "end idle sessions on the BMC; it is tried again later",
  ),
  InsufficientPrivilege: row(
    "stalled",
    "IW-B10",
    "does not let this user do it",
    "give bmc.username the role Operator or Administrator on the BMC",
  ),
  AccessDenied: row("stalled", "IW-B04", "refuses this user", "correct bmc.username or the secret"),
  ResourceAtUriUnauthorized: row(
    "stalled",
    "IW-B04",
    "refuses this user",
    "correct bmc.username or the secret",
  ),
  PasswordChangeRequired: row(
    "stalled",
    "IW-B04",
    "wants this user's password changed first",
    "change the password on the BMC and in the secret",
  ),
  AccountModified: row(
    "stalled",
    "IW-B04",
    "changed this user meanwhile",
    "correct bmc.username or the secret",
  ),
  NoValidSession: row("stalled", "IW-B14", "says that the session is gone", "plan again"),
  ServiceTemporarilyUnavailable: row("transient", "IW-B08", "is busy", AGAIN),
  ServiceInUnknownState: row("transient", "IW-B08", "is not in a known state", AGAIN),
  ResourceInUse: row("transient", "IW-B08", "is using the resource", AGAIN),
  ResourceInStandby: row("transient", "IW-B08", "has the resource in standby", AGAIN),
  ResourceCannotBeDeleted: row(
    "stalled",
    "IW-B10",
    "does not let it be deleted",
    "end it on the BMC",
  ),
  LicenseRequired: row(
    "stalled",
    "IW-B18",
    "wants a licence for it",
    "buy the licence or take it out of the spec",
  ),
  NoLicenseInstalled: row(
    "stalled",
    "IW-B18",
    "wants a licence for it",
    "buy the licence or take it out of the spec",
  ),
  ActionNotSupported: row(
    "stalled",
    "IW-B18",
    "does not offer the act",
    "take it out of the spec, or update the firmware",
  ),
  PropertyNotWritable: row(
    "stalled",
    "IW-B18",
    "does not let it be written",
    "take it out of the spec, or update the firmware",
  ),
  PropertyUnknown: row(
    "stalled",
    "IW-B18",
    "does not know the property",
    "take it out of the spec, or update the firmware",
  ),
  // Dell iDRAC10: power on during POST; passes by itself.
  ActionParameterValueConflict: row(
    "transient",
    "IW-B10",
    "cannot do it in the state it is in (often: in POST)",
    AGAIN,
  ),
  // HPE iLO: settings are locked during POST.
  UnableToModifyDuringSystemPOST: row(
    "transient",
    "IW-B10",
    "cannot change it while the machine is in POST",
    AGAIN,
  ),
  InvalidOperationForSystemState: row(
    "transient",
    "IW-B10",
    "cannot do it in the state the machine is in",
    AGAIN,
  ),
  PreconditionFailed: row(
    "conflict",
    "IW-B10",
    "refused the act: the resource changed since it was read",
    "it is read and planned again",
  ),
  // Dell iDRAC: not ready after a reset of the BMC.
  SYS518: row("transient", "IW-B08", "is still starting", AGAIN),
};

const OTHER_READ = row("transient", "IW-B06", "gave an answer that is not understood", AGAIN);
const OTHER_REFUSAL = row("stalled", "IW-B10", "refused the act", "correct what it names");
const OTHER_ACT_5XX = row("ambiguous", "IW-B12", "failed while it was asked to act", LOOK);

/** What the message of a refused login is believed to be: refused, busy, or out of sessions. */
const REFUSAL_WORDS = new Set(["IW-B04", "IW-B08", "IW-B09"]);

/** The row for an answered request that is no success: by message first, then by status. */
export function answerFault(
  phase: "login" | "read" | "act",
  status: number,
  messageIds: readonly string[],
): Fault {
  const byStatus = (phase === "act" ? ACT_STATUS_FAULTS : READ_STATUS_FAULTS)[status];
  // A 5xx that may have taken effect stays ambiguous whatever the message says.
  if (byStatus?.kind === "ambiguous") return byStatus;
  for (const id of messageIds) {
    const fault = MESSAGE_FAULTS[id.slice(id.lastIndexOf(".") + 1)];
    if (fault === undefined) continue;
    // Whatever a BMC calls the 401 or 403 of a login, the password was refused and is not tried again.
    const refusal = phase === "login" && (status === 401 || status === 403);
    if (!refusal || REFUSAL_WORDS.has(fault.code)) return fault;
  }
  if (byStatus !== undefined) return byStatus;
  if (phase !== "act") return OTHER_READ;
  return status >= 500 ? OTHER_ACT_5XX : OTHER_REFUSAL;
}
