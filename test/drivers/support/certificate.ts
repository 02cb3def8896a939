import { createHash, X509Certificate } from "node:crypto";
import { generate } from "selfsigned";

export interface TestCertificate {
  readonly key: string;
  readonly cert: string;
  /** `sha256:...` of the DER bytes, as bmc.tls.pin wants it. */
  readonly pin: string;
}

/** A certificate that signed itself, for the name or for 127.0.0.1. */
export async function testCertificate(name = "127.0.0.1"): Promise<TestCertificate> {
  const alt =
    name === "127.0.0.1" ? ({ type: 7, ip: name } as const) : ({ type: 2, value: name } as const);
  const made = await generate([{ name: "commonName", value: name }], {
    keySize: 2048,
    extensions: [
      { name: "basicConstraints", cA: true },
      { name: "subjectAltName", altNames: [alt] },
    ],
  });
  const der = new X509Certificate(made.cert).raw;
  return {
    key: made.private,
    cert: made.cert,
    pin: `sha256:${createHash("sha256").update(der).digest("hex")}`,
  };
}
