import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { createSecureContext } from "node:tls";
import type { SecretResolver } from "../../inventory/resolve-secret.ts";
import { type Failure, fail, failure, ok, type Result } from "../../schemas/failure.ts";
import type { Settings } from "../../schemas/settings.ts";
import type { EtcdAccess } from "../run/store/etcd-client.ts";

/** From where the settings of etcd are filled in. */
interface From {
  readonly settings: Settings;
  /** Absolute path of the repository: names of files start here. */
  readonly root: string;
  readonly secrets: SecretResolver;
  readonly now: () => number;
}

/** The settings `etcd` with their files read and their password resolved, or what is missing. */
export async function etcdAccess({
  settings,
  root,
  secrets,
  now,
}: From): Promise<Result<EtcdAccess>> {
  const { endpoints, prefix, timeoutSeconds, username, password } = settings.etcd;
  const tls = tlsOf(settings.etcd, root);
  if (!tls.ok) return tls;
  const secret = password === undefined ? null : await secrets.resolve({ name: "etcd" }, password);
  if (secret !== null && "code" in secret)
    return fail({ ...secret, message: `etcd.password: ${secret.message}` });
  const login = username === undefined || secret === null ? null : { username, password: secret };
  return ok({ endpoints, prefix, timeoutMs: timeoutSeconds * 1000, tls: tls.value, login, now });
}

function tlsOf({ ca, cert, key }: Settings["etcd"], root: string): Result<EtcdAccess["tls"]> {
  if (ca === undefined) return ok(null);
  const read = (name: string, path: string): Buffer | Failure => {
    try {
      return readFileSync(resolve(root, path));
    } catch (error) {
      const why = error instanceof Error && "code" in error ? String(error.code) : "";
      return unusable(`${name} names ${path}, which cannot be read (${why}); check the path`);
    }
  };
  const authority = read("etcd.ca", ca);
  const shown = cert === undefined ? undefined : read("etcd.cert", cert);
  const secret = key === undefined ? undefined : read("etcd.key", key);
  for (const one of [authority, shown, secret])
    if (one !== undefined && "code" in one) return fail(one);
  if (!Buffer.isBuffer(authority)) return ok(null);
  try {
    createSecureContext({
      // By itself a context takes what is no certificate for none at all.
      ca: new X509Certificate(authority).toString(),
      ...(Buffer.isBuffer(shown) ? { cert: shown } : {}),
      ...(Buffer.isBuffer(secret) ? { key: secret } : {}),
    });
  } catch {
    const names = [ca, cert, key].filter((name) => name !== undefined).join(", ");
    return fail(unusable(`${names}: no PEM, or the key is not that of the certificate`));
  }
  return ok({
    rootCertificate: authority,
    ...(Buffer.isBuffer(shown) ? { certChain: shown } : {}),
    ...(Buffer.isBuffer(secret) ? { privateKey: secret } : {}),
  });
}

function unusable(what: string): Failure {
  return failure("stalled", "IW-S10", what);
}
