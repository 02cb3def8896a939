import { adoptedInstance } from "../../../schemas/record.ts";
import { type Flow, recordOnly } from "./flow.ts";

/** What runs on the machine stays as it is, and is the node's workload from now on. */
export const adoptFlow: Flow = {
  verb: "provision.adopt",
  draft: () => recordOnly("what runs on it stays as it is", { instance: adoptedInstance("") }),
};
