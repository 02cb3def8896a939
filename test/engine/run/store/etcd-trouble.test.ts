import {
  EtcdAuthenticationFailedError,
  EtcdPermissionDeniedError,
  GRPCDeadlineExceededError,
} from "etcd3";
import { expect, test } from "vitest";
import { finalTrouble, silentTrouble } from "../../../../engine/run/store/etcd-trouble.ts";

const NAMES = {
  endpoints: ["https://a:2379", "https://b:2379"],
  prefix: "/fleet",
  username: "ops",
};

test.each([
  [new EtcdAuthenticationFailedError("x"), "refuses the user ops or its password"],
  [new EtcdPermissionDeniedError("x"), "may not use the keys below /fleet/; grant its role"],
  [new Error("8 RESOURCE_EXHAUSTED: etcdserver: mvcc: database space exceeded"), "NOSPACE"],
  [new Error("15 DATA_LOSS: etcdserver: corrupt cluster"), "alarm CORRUPT"],
  [new Error("3 INVALID_ARGUMENT: etcdserver: user name is empty"), "set etcd.username"],
  [new Error("etcdserver: authentication is not enabled"), "remove etcd.username"],
  [new Error("3 INVALID_ARGUMENT: etcdserver: request is too large"), "--max-request-bytes"],
])("%s stands, whichever member is asked", (error, says) => {
  const trouble = finalTrouble(error, NAMES);
  expect(trouble).toMatchObject({ code: "IW-S10", kind: "stalled" });
  expect(trouble?.message).toContain("etcd at https://a:2379, https://b:2379: ");
  expect(trouble?.message).toContain(says);
});

const UNREACHED = "14 UNAVAILABLE: No connection established. Last error:";
const NOTE = "Resolution note: none";

test.each([
  [
    new Error(`${UNREACHED} Error: connect ECONNREFUSED 10.0.0.1:2379. ${NOTE}`),
    "cannot be reached",
  ],
  [new Error(`${UNREACHED} Error: self-signed certificate. ${NOTE}`), "is not trusted"],
  [
    new Error(`${UNREACHED} Error: Hostname/IP does not match certificate's altnames. ${NOTE}`),
    "is not trusted",
  ],
  [
    new Error("14 UNAVAILABLE: Name resolution failed for target dns:nowhere:2379"),
    "cannot be resolved",
  ],
  [new Error("14 UNAVAILABLE: etcdserver: no leader"), "have no leader"],
  [new Error("14 UNAVAILABLE: etcdserver: request timed out"), "have no leader"],
  [new GRPCDeadlineExceededError("4 DEADLINE_EXCEEDED: Deadline exceeded"), "within 10 s"],
  [new Error("13 INTERNAL: odd"), "it says: 13 INTERNAL: odd; look at its log"],
])("%s may pass: another member is asked, and the last is told", (error, says) => {
  expect(finalTrouble(error, NAMES)).toBeNull();
  const trouble = silentTrouble(error, NAMES, 10_000);
  expect(trouble).toMatchObject({ code: "IW-S10", kind: "transient" });
  expect(trouble.message).toContain(says);
});
