import { createHmac, randomBytes } from "node:crypto";
import { type Failure, fail, failure, ok, type Result } from "../../schemas/failure.ts";
import type { FleetNode } from "../../schemas/fleet.ts";
import { Secret } from "../../schemas/secret.ts";
import type { DriverPorts } from "../driver.ts";
import type { SecretLogin } from "../net/refusal-ledger.ts";
import type { Credentials } from "./login.ts";
import { KEY_BYTES } from "./packets/rakp-keys.ts";
import { PRIVILEGES } from "./packets/rakp.ts";
import { PASSWORD15_BYTES } from "./packets/session15.ts";

/** Passwords are compared by keyed hash and never kept for comparison; the key lives as long as the process. */
const FINGERPRINT_KEY = randomBytes(32);

/** What `bmc.privilege` is where nothing is said: Chassis Control and boot options need operator, a BMC reset this one. */
const DEFAULT_PRIVILEGE = "administrator";

/** Kg as Ironic and ipmitool write it: 40 hexadecimal digits. */
const HEX_KG = /^(?:0x)?([0-9a-f]{40})$/i;

/** What a login is made with, and how it is counted. */
export interface Secrets {
  readonly credentials: Credentials;
  readonly login: SecretLogin;
}

/** Resolves the secrets of a node's BMC. They are kept as long as one login lasts. */
export async function resolveSecrets(
  ports: DriverPorts,
  node: FleetNode,
  { origin, is15 }: { readonly origin: string; readonly is15: boolean },
): Promise<Result<Secrets>> {
  const { bmc } = node.spec;
  const ref = bmc?.password;
  if (ref === undefined) {
    const fact = `node "${node.name}": bmc.password is missing`;
    return fail(failure("stalled", "IW-S09", `${fact}; name the secret, as { env: BMC_PASSWORD }`));
  }
  const secret = await ports.resolveSecret(node, ref);
  if (!(secret instanceof Secret)) return fail(secret);
  const password = Buffer.from(secret.reveal(), "utf8");
  const most = is15 ? PASSWORD15_BYTES : KEY_BYTES;
  if (password.length > most) return fail(tooLong(node, most));
  const kg = await kgOf(ports, node);
  if (!kg.ok) return kg;
  const credentials = {
    username: Buffer.from(bmc?.username ?? "", "utf8"),
    password,
    kg: kg.value,
    privilege: PRIVILEGES[bmc?.privilege ?? DEFAULT_PRIVILEGE],
  };
  const fingerprint = createHmac("sha256", FINGERPRINT_KEY).update(password).digest("hex");
  const login = { node, address: origin, key: JSON.stringify(ref), fingerprint };
  return ok({ credentials, login });
}

function tooLong(node: FleetNode, most: number): Failure {
  const fact = `node "${node.name}": the secret of bmc.password is longer than the ${most} bytes that its version of IPMI takes`;
  return failure("stalled", "IW-B04", `${fact}; give the user a shorter password on the BMC`);
}

/** Kg of a node's BMC; null where none is declared. */
export async function kgOf(
  ports: Pick<DriverPorts, "resolveSecret">,
  node: FleetNode,
): Promise<Result<Buffer | null>> {
  const ref = node.spec.bmc?.kg;
  if (ref === undefined) return ok(null);
  const secret = await ports.resolveSecret(node, ref);
  if (!(secret instanceof Secret)) return fail(secret);
  return kgBytes(secret, `node "${node.name}": the secret of bmc.kg`);
}

/** The bytes of a Kg as people write it; `what` it is called in an error. */
export function kgBytes(secret: Secret, what: string): Result<Buffer> {
  const [, hex] = HEX_KG.exec(secret.reveal()) ?? [];
  const key = hex === undefined ? Buffer.from(secret.reveal(), "utf8") : Buffer.from(hex, "hex");
  if (key.length <= KEY_BYTES) return ok(key);
  const fact = `${what} is longer than 20 bytes`;
  return fail(failure("stalled", "IW-B21", `${fact}; write 40 hexadecimal digits, or 20 letters`));
}
