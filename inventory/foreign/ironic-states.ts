import type { ProvisionState } from "../../schemas/provision-state.ts";
import type { Note } from "./foreign-node.ts";

/** Where a machine of another tool is put: nowhere that an import alone could stop, boot or erase it. */
export interface Landing {
  readonly state: "enroll" | "manageable" | "adopted";
  readonly why?: string;
  readonly todo?: string;
}

const BUSY = "it is at work on the machine, so only reads are sent";
const WAIT = "let it end, export again; or write what it is: adopted, manageable";
const busy: Landing = { state: "enroll", why: BUSY, todo: WAIT };

const IN_SERVICE: Landing = { state: "adopted" };
const serviceFailed: Landing = {
  state: "adopted",
  why: "a workload is on its disks, and what failed is not taken up again",
  todo: "look at the machine; the workload is kept as it is",
};
const failed: Landing = {
  state: "manageable",
  why: "what failed is not taken up again",
  todo: "provision.state: available, and apply --claim NODE, which cleans it, when it is to be used",
};

/** What `available` becomes, here and from Metal3: our `available` would ask for a clean, for we have not cleaned it. */
export const POOL: Landing = {
  state: "manageable",
  why: "an import never cleans, and what nobody here has cleaned is not put into the pool",
  todo: "provision.state: available, and apply --claim NODE, which cleans it",
};

/** Ironic's provision states (ironic-facts 1.1). */
export const IRONIC_LANDINGS = {
  enroll: { state: "enroll" },
  verifying: busy,
  manageable: { state: "manageable" },
  available: POOL,
  active: IN_SERVICE,
  error: serviceFailed,
  rescue: {
    state: "adopted",
    why: "it runs the rescue ramdisk, and is left in it",
    todo: "unrescue it in Ironic, which knows how it was rescued",
  },
  deploying: busy,
  "wait call-back": busy,
  "deploy hold": busy,
  "deploy failed": failed,
  deleting: busy,
  cleaning: busy,
  "clean wait": busy,
  "clean hold": busy,
  "clean failed": failed,
  inspecting: busy,
  "inspect wait": busy,
  "inspect failed": failed,
  adopting: busy,
  "adopt failed": serviceFailed,
  rescuing: busy,
  "rescue wait": busy,
  "rescue failed": serviceFailed,
  unrescuing: busy,
  "unrescue failed": serviceFailed,
  servicing: busy,
  "service wait": busy,
  "service hold": busy,
  "service failed": serviceFailed,
} as const satisfies Record<ProvisionState, Landing>;

/** Where a state of that table leads; a state that nobody knows is read and nothing else. */
export function landingOf(
  state: string | undefined,
  table: Readonly<Record<string, Landing>>,
): Landing {
  const known = state === undefined || !Object.hasOwn(table, state) ? undefined : table[state];
  return (
    known ?? {
      state: "enroll",
      why: "that state is not known, so only reads are sent",
      todo: "write what it is: adopted, manageable",
    }
  );
}

/** What is said of a landing where it is not the state itself. */
export function landingNotes(field: string, { why, todo }: Landing): readonly Note[] {
  return why === undefined || todo === undefined ? [] : [{ field, why, todo }];
}
