import { isMap } from "./merge.ts";
import type { ParsedDocument } from "./parsed-document.ts";
import type { Finding, Spot } from "./read-yaml.ts";

/** Fields that mean one machine: a profile, or a template of many rows, must not hold them. */
const OF_ONE_MACHINE = [
  "/identity",
  "/bmc/address",
  "/bmc/system",
  "/ports",
  "/requests",
  "/provision/rootDevice/serial",
  "/provision/rootDevice/wwn",
];

/** Actions below impact `reboot`: their requests may live without an end. */
const MILD_ACTIONS = new Set(["inspect", "claim"]);

/** Rules of one document that its shape cannot say. */
export function checkRules(document: ParsedDocument, prefix = "/spec"): readonly Finding[] {
  const { metadata, spec, kind } = document;
  const found: Finding[] = [];
  const say = (code: string, pointer: string, message: string): void => {
    found.push({ code, severity: "error", message, spot: spotIn(document, `${prefix}${pointer}`) });
  };
  if (kind === "Profile") {
    forbidMachine(spec, "a Profile", say);
    for (const key of ["uuid", "labels"])
      if (metadata[key] !== undefined)
        found.push({
          code: "IW-I11",
          severity: "error",
          message: `metadata.${key} of a Profile reaches no node; write it on the Node, or in a NodeList's template`,
          spot: spotIn(document, `/metadata/${key}`),
        });
  }
  if (at(spec, "/boot/persistent") === false)
    say(
      "IW-I04",
      "/boot/persistent",
      "persistent: false is no wish for good; a boot once is: ironwright node boot --once",
    );
  const checksum = at(spec, "/provision/image/checksum");
  if (typeof checksum === "string" && /^[a-z]+:\/\//i.test(checksum))
    say(
      "IW-I04",
      "/provision/image/checksum",
      'the checksum is a URL; write the checksum itself ("sha256:..."), for what a URL says can change',
    );
  checkRequests(spec, say);
  return found;
}

type Say = (code: string, pointer: string, message: string) => void;

/** What is not allowed in a Profile is not allowed in a NodeList's template either. */
export function forbidMachine(
  spec: Readonly<Record<string, unknown>>,
  where: string,
  say: Say,
): void {
  for (const pointer of OF_ONE_MACHINE)
    if (at(spec, pointer) !== undefined)
      say(
        "IW-I11",
        pointer,
        `${pointer.slice(1).replaceAll("/", ".")} means one machine; it is not allowed in ${where}`,
      );
}

function checkRequests(spec: Readonly<Record<string, unknown>>, say: Say): void {
  const { requests } = spec;
  if (!Array.isArray(requests)) return;
  const ids = new Set<string>();
  requests.forEach((request: unknown, index) => {
    if (!isMap(request)) return;
    const id = String(request["id"]);
    if (ids.has(id))
      say("IW-I17", `/requests/${index}`, `the request ${id} is written twice; each id runs once`);
    ids.add(id);
    if (request["expires"] !== undefined) return;
    const action = String(request["action"]);
    if (!MILD_ACTIONS.has(action))
      say(
        "IW-I17",
        `/requests/${index}`,
        `the request ${id} (${action}) has no expires; from impact reboot up it needs one, 14 days at most`,
      );
  });
}

/** The value at a pointer of plain data. */
export function at(value: unknown, pointer: string): unknown {
  return pointer
    .slice(1)
    .split("/")
    .reduce<unknown>((here, key) => (isMap(here) ? here[key] : undefined), value);
}

/** The nearest spot at or above a pointer of the document. */
export function spotIn(
  { spots, spot }: Pick<ParsedDocument, "spots" | "spot">,
  pointer: string,
): Spot {
  for (let here = pointer; here !== ""; here = here.slice(0, here.lastIndexOf("/"))) {
    const found = spots[here];
    if (found !== undefined) return found;
  }
  return spot;
}
