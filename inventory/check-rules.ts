import { nodeSpecSchema } from "../schemas/documents.ts";
import { spotAt } from "./check-document.ts";
import { checkRequests } from "./check-requests.ts";
import { isMap } from "../schemas/is-map.ts";
import type { ParsedDocument } from "./parsed-document.ts";
import type { Finding } from "./read-yaml.ts";

/** Fields that mean one machine: a profile, or a template of many rows, must not hold them. */
const OF_ONE_MACHINE = [
  "/identity",
  "/parent",
  "/bmc/address",
  "/bmc/system",
  "/ports",
  "/portGroups",
  "/volumes",
  "/network/vifs",
  "/requests",
  "/provision/rootDevice/serial",
  "/provision/rootDevice/wwn",
];

/** What the rules of requests read of a Node. */
const WITH_REQUESTS = nodeSpecSchema.pick({ identity: true, requests: true });

/** Rules of one document that its shape cannot say. */
export function checkRules(document: ParsedDocument): readonly Finding[] {
  const { metadata, spec, kind } = document;
  const found: Finding[] = [];
  const say = (code: string, pointer: string, message: string): void => {
    found.push({ code, severity: "error", message, spot: spotAt(document, `/spec${pointer}`) });
  };
  if (kind === "Profile") {
    forbidMachine(spec, "a Profile", say);
    for (const key of ["uuid", "labels"])
      if (metadata[key] !== undefined)
        found.push({
          code: "IW-I11",
          severity: "error",
          message: `metadata.${key} of a Profile reaches no node; write it on the Node, or in a NodeList's template`,
          spot: spotAt(document, `/metadata/${key}`),
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
  if (kind === "Allocation" && spec["resourceClass"] === undefined && spec["node"] === undefined)
    say(
      "IW-I10",
      "",
      "the Allocation has no resourceClass; write which nodes it is to be one of, or node: NAME for one that is active already",
    );
  if (kind === "Node") checkNodeRequests(spec, say);
  if (kind === "Node" || kind === "Profile") checkTwice(spec, "/provision/steps", say);
  if (kind === "DeployTemplate") checkTwice(spec, "/steps", say);
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

function checkNodeRequests(spec: Readonly<Record<string, unknown>>, say: Say): void {
  if (spec["requests"] === undefined) return;
  const { identity, requests = [] } = WITH_REQUESTS.parse({
    identity: spec["identity"],
    requests: spec["requests"],
  });
  const { serial, systemUuid } = identity ?? {};
  checkRequests(
    requests,
    { serial, isKnown: serial !== undefined || systemUuid !== undefined },
    (pointer, message) => say("IW-I17", `/requests${pointer}`, message),
  );
}

/** The lists of a deploy are sorted, so that a step that is named twice would stand there once. */
function checkTwice(spec: Readonly<Record<string, unknown>>, pointer: string, say: Say): void {
  const steps = at(spec, pointer);
  if (!Array.isArray(steps)) return;
  const first = new Map<string, number>();
  for (const [index, step] of steps.entries()) {
    if (!isMap(step)) continue;
    const name = `${String(step["interface"])}.${String(step["step"])}`;
    const twin = first.get(name);
    if (twin === undefined) first.set(name, index);
    else
      say(
        "IW-I05",
        `${pointer}/${index}`,
        `${name} is named twice, here and in steps[${twin}]; a deploy runs each step once`,
      );
  }
}

/** The value at a pointer of plain data. */
export function at(value: unknown, pointer: string): unknown {
  return pointer
    .slice(1)
    .split("/")
    .reduce<unknown>((here, key) => (isMap(here) ? here[key] : undefined), value);
}
