import { z } from "zod";
import { secretRefSchema } from "./documents.ts";

/** What is wrong with an endpoint, or null. It quotes nothing of it: there may be a password in it. */
function endpointProblem(text: string): string | null {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol) || url.hostname === "")
    return "it is no endpoint; write http://HOST:PORT or https://HOST:PORT";
  if (url.username !== "" || url.password !== "")
    return "there is a user in the endpoint; write etcd.username, and etcd.password: { env: NAME }";
  if (url.pathname !== "/" || text.endsWith("/") || url.search !== "" || url.hash !== "")
    return "there is a path in the endpoint; write HOST:PORT alone, and etcd.prefix for where the keys lie";
  // The parser drops a port that is the scheme's own.
  if (!/:\d+$/.test(text)) return "it has no port; etcd's own is 2379";
  return null;
}

const endpointSchema = z.string().superRefine((text, context) => {
  const message = endpointProblem(text);
  if (message !== null) context.addIssue({ code: "custom", message });
});

/** Where the store is with `lease.backend: etcd`. */
export const etcdSettingsSchema = z
  .strictObject({
    /** All members, so that the death of one is no matter. */
    endpoints: z.array(endpointSchema).default([]),
    /** The keys of the store lie below it: several fleets share one etcd. */
    prefix: z
      .string()
      .regex(/^(\/[A-Za-z0-9._-]+)+$/, "write /NAME, or several of them: letters, digits, . _ -")
      .default("/ironwright"),
    /** Seconds for one call, other members included: longer than etcd needs for a new leader, shorter than a lease. */
    timeoutSeconds: z.number().min(1).max(60).default(10),
    username: z.string().min(1).optional(),
    password: secretRefSchema.optional(),
    /** PEM files, from the repository's root: the authority of the members, and what we show them. */
    ca: z.string().min(1).optional(),
    cert: z.string().min(1).optional(),
    key: z.string().min(1).optional(),
  })
  .superRefine((etcd, context) => {
    const say = (path: string, message: string): void =>
      context.addIssue({ code: "custom", path: [path], message });
    const schemes = new Set(etcd.endpoints.map((one) => one.split(":")[0]));
    if (schemes.size > 1) say("endpoints", "some are http and some https; write all of them alike");
    if (etcd.password !== undefined && etcd.username === undefined)
      say("password", "there is no etcd.username beside it");
    if (etcd.username !== undefined && etcd.password === undefined)
      say("username", "there is no etcd.password beside it; write password: { env: NAME }");
    if (etcd.ca !== undefined && schemes.has("http"))
      say("ca", "it is for endpoints of https, and these are http");
    if ((etcd.cert === undefined) !== (etcd.key === undefined))
      say(etcd.cert === undefined ? "key" : "cert", "etcd.cert and etcd.key go together");
    if (etcd.cert !== undefined && etcd.ca === undefined)
      say("cert", "there is no etcd.ca beside it, the authority of the members");
  })
  .prefault({});

/** A store in etcd without an etcd. */
export function noEndpoints(
  settings: {
    readonly lease: { readonly backend: string };
    readonly etcd: { readonly endpoints: readonly string[] };
  },
  context: z.RefinementCtx,
): void {
  if (settings.lease.backend !== "etcd" || settings.etcd.endpoints.length > 0) return;
  context.addIssue({
    code: "custom",
    path: ["etcd", "endpoints"],
    message:
      "lease.backend is etcd, and there is no endpoint; write endpoints: [https://HOST:2379]",
  });
}
