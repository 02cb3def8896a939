import {
  EtcdAuthenticationFailedError,
  EtcdPermissionDeniedError,
  GRPCDeadlineExceededError,
} from "etcd3";
import type { FailureKind } from "../../../schemas/failure.ts";
import { StoreTrouble } from "./store-files.ts";

/** What of the settings an etcd is spoken of by. */
export interface EtcdNames {
  readonly endpoints: readonly string[];
  readonly prefix: string;
  readonly username: string | null;
}

/** One kind of refusal: by what it is known, what it is and what to do. */
interface Row {
  readonly when: RegExp;
  readonly says: (names: EtcdNames) => string;
}

/**
 * What etcd, gRPC and TLS say (etcd 3.4: api/v3rpc/rpctypes/error.go; Node: errors of node:tls). None of these was carried
 * out, and none goes away by itself.
 */
const FINAL: readonly Row[] = [
  {
    when: /database space exceeded/,
    says: () =>
      "its database is full (alarm NOSPACE) and takes no writes; compact and defragment it (etcdctl compact, etcdctl defrag), then: etcdctl alarm disarm",
  },
  {
    when: /corrupt/i,
    says: () =>
      "a member found its data damaged (alarm CORRUPT); replace that member, see etcd's guide to disaster recovery",
  },
  {
    when: /user name is empty/,
    says: () => "it asks for a user; set etcd.username and etcd.password",
  },
  {
    when: /authentication is not enabled/,
    says: () =>
      "it knows no users; remove etcd.username and etcd.password, or: etcdctl auth enable",
  },
  {
    when: /request is too large/,
    says: () =>
      "it refuses a request of one megabyte; set its --max-request-bytes back to what etcd comes with (1572864)",
  },
];

/** Of a connection: another endpoint may be better, so these are said only once none was. */
const UNREACHED: readonly Row[] = [
  {
    when: /certificate|CERT_|self[- ]signed|unable to (get|verify)/i,
    says: () =>
      "its certificate is not trusted; name the authority that signed it in etcd.ca, and the host by which it is known in etcd.endpoints",
  },
  {
    when: /alert|handshake|bad certificate|EPROTO|wrong version|SSL/i,
    says: () =>
      "TLS fails; see that etcd.endpoints say https where etcd does, and that etcd.cert and etcd.key are of an authority that it trusts",
  },
  {
    when: /no leader|leader changed|request timed out|too many requests/i,
    says: () =>
      "its members have no leader; most of them are down or cut off: look at etcdctl endpoint status",
  },
  {
    when: /ENOTFOUND|EAI_AGAIN|Name resolution failed/i,
    says: () => "a host name cannot be resolved; check etcd.endpoints",
  },
  {
    when: /ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|No connection established|UNAVAILABLE/i,
    says: () => "it cannot be reached; see that it runs, and check etcd.endpoints",
  },
];

/** A refusal that stands whichever member is asked; null when another try may end otherwise. */
export function finalTrouble(error: unknown, names: EtcdNames): StoreTrouble | null {
  if (error instanceof StoreTrouble) return error;
  const user = names.username === null ? "a client without a user" : `the user ${names.username}`;
  if (error instanceof EtcdAuthenticationFailedError)
    return troubleOf(
      names,
      `it refuses ${user} or its password; check etcd.username and etcd.password`,
    );
  if (error instanceof EtcdPermissionDeniedError)
    return troubleOf(
      names,
      `${user} may not use the keys below ${names.prefix}/; grant its role: etcdctl role grant-permission ROLE --prefix=true readwrite ${names.prefix}/`,
    );
  const row = FINAL.find(({ when }) => when.test(wordsOf(error)));
  return row === undefined ? null : troubleOf(names, row.says(names));
}

/** Why no endpoint answered in time, by what the last one said. */
export function silentTrouble(error: unknown, names: EtcdNames, timeoutMs: number): StoreTrouble {
  const late = `it did not answer within ${timeoutMs / 1000} s (etcd.timeoutSeconds); see that it runs and that most of its members reach each other`;
  // What kept it from connecting until its deadline is said in the same breath.
  const row = UNREACHED.find(({ when }) => when.test(wordsOf(error)));
  if (row !== undefined) return troubleOf(names, row.says(names), "transient");
  const isLate = error instanceof GRPCDeadlineExceededError || error === null;
  const said = isLate ? late : `it says: ${wordsOf(error).slice(0, 200)}; look at its log`;
  return troubleOf(names, said, "transient");
}

function troubleOf(names: EtcdNames, what: string, kind: FailureKind = "stalled"): StoreTrouble {
  return new StoreTrouble("IW-S10", `etcd at ${names.endpoints.join(", ")}: ${what}`, kind);
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
