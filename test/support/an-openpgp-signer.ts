import { createMessage, generateKey, type PrivateKey, revokeKey, sign } from "openpgp";

/** An OpenPGP key of a test. */
export interface OpenpgpSigner {
  readonly key: PrivateKey;
  /** Armored, as `gpg --export --armor`. */
  readonly publicKey: string;
  /** A signature as `git commit -S` puts it into the commit; at a time in milliseconds since the epoch. */
  sign(payload: Uint8Array, at: number): Promise<string>;
}

export interface OpenpgpSignerOptions {
  /** When it was made, milliseconds since the epoch. */
  readonly made: number;
  readonly expiresSeconds?: number;
  /** A key below it signs. */
  readonly bySubkey?: boolean;
  readonly rsa?: boolean;
}

export async function anOpenpgpSigner(options: OpenpgpSignerOptions): Promise<OpenpgpSigner> {
  const { made, expiresSeconds = 0, bySubkey = false, rsa = false } = options;
  const { privateKey } = await generateKey({
    ...(rsa ? { type: "rsa", rsaBits: 2048 } : { type: "ecc", curve: "ed25519Legacy" }),
    userIDs: [{ name: "Ann", email: "ann@example.org" }],
    date: new Date(made),
    keyExpirationTime: expiresSeconds,
    subkeys: bySubkey ? [{ sign: true }] : [],
    format: "object",
  });
  return {
    key: privateKey,
    publicKey: privateKey.toPublic().armor(),
    sign: async (payload, at) => {
      const text = await sign({
        message: await createMessage({ binary: payload }),
        signingKeys: privateKey,
        detached: true,
        date: new Date(at),
      });
      return String(text).replaceAll("\r\n", "\n").trimEnd();
    },
  };
}

/** Its public key, revoked. */
export async function revoked({ key }: OpenpgpSigner): Promise<string> {
  const { publicKey } = await revokeKey({ key, format: "armored" });
  return publicKey;
}
