import * as fc from "fast-check";
import { readSignature, reformatKey } from "openpgp";
import { describe, expect, test } from "vitest";
import { readOpenpgpKeys } from "../../../inventory/verify/openpgp-signature.ts";
import { judge } from "../../../inventory/verify/verify-commit.ts";
import { anOpenpgpSigner, revoked } from "../../support/an-openpgp-signer.ts";
import { withSignature } from "../../support/a-signer.ts";

const DAY = 86_400_000;
const AT = Date.UTC(2026, 10, 24, 8);
const MADE = AT - 10 * DAY;
const WHO = `<ann@example.org> ${AT / 1000} +0000`;
const PAYLOAD = `tree ${"a".repeat(40)}\nauthor Ann ${WHO}\ncommitter Ann ${WHO}\n\na rack\n`;

const ann = await anOpenpgpSigner({ made: MADE });
const signature = await ann.sign(Buffer.from(PAYLOAD), AT);

/** What is told of it; "good" where nothing is. */
async function verdict(bytes: Uint8Array, keys: string | Uint8Array, now = AT): Promise<string> {
  const read = await readOpenpgpKeys([{ path: "keys.asc", bytes: Buffer.from(keys) }]);
  if (typeof read === "string") return read;
  const why = await judge(bytes, { ssh: null, openpgp: { paths: "keys.asc", keys: read } }, now);
  return why === null ? "good" : `${why.code} ${why.message}`;
}

const EMPTY = "-----BEGIN PGP SIGNATURE-----\n\n-----END PGP SIGNATURE-----";

describe("refused is a commit", () => {
  const signed = withSignature(PAYLOAD, signature).toString();

  test.each<readonly [string, string, RegExp]>([
    ["whose message was changed", signed.replace("a rack", "a rock"), /^IW-G11 .*does not fit/],
    ["whose tree was changed", signed.replace("aaaa", "aaab"), /^IW-G11 .*does not fit/],
    [
      "with a damaged armor",
      signed.replace(/\n [A-Za-z0-9+/]{20}/, "\n "),
      /^IW-G11 .*(?:cannot be read|does not fit)/,
    ],
    [
      "with an empty armor",
      withSignature(PAYLOAD, EMPTY).toString(),
      /^IW-G11 .*(?:cannot be read|0 signatures)/,
    ],
  ])("%s", async (_what, text, said) => {
    expect(await verdict(Buffer.from(text), ann.publicKey)).toMatch(said);
  });

  test("with two signatures in one armor", async () => {
    const [one, other] = await Promise.all(
      [signature, await ann.sign(Buffer.from(PAYLOAD), AT + 1000)].map(async (armored) => {
        return readSignature({ armoredSignature: armored });
      }),
    );
    one?.packets.push(...(other?.packets ?? []));
    const both = withSignature(PAYLOAD, (one?.armor() ?? "").replaceAll("\r\n", "\n").trimEnd());
    expect(await verdict(both, ann.publicKey)).toMatch(/^IW-G11 .*holds 2 signatures, not one/);
  });

  test("signed by a key that is not there", async () => {
    const other = await anOpenpgpSigner({ made: MADE });
    expect(await verdict(Buffer.from(signed), other.publicKey)).toMatch(
      new RegExp(
        `^IW-G12 .*OpenPGP key ${ann.key.getKeyID().toHex().toUpperCase()}, which is not in keys.asc`,
      ),
    );
  });

  test("signed by a key that is revoked, also where another file has it as it was", async () => {
    const bad = await revoked(ann);
    expect(await verdict(Buffer.from(signed), bad)).toMatch(
      /^IW-G13 .*<ann@example.org>\) was revoked/,
    );
    expect(await verdict(Buffer.from(signed), `${ann.publicKey}\n${bad}`)).toMatch(/was revoked/);
  });

  test("signed by a key that had expired", async () => {
    const late = AT + 11 * DAY;
    const { publicKey } = await reformatKey({
      privateKey: ann.key,
      userIDs: { name: "Ann", email: "ann@example.org" },
      keyExpirationTime: (20 * DAY) / 1000,
      date: new Date(MADE),
    });
    const bytes = withSignature(PAYLOAD, await ann.sign(Buffer.from(PAYLOAD), late));
    expect(await verdict(bytes, publicKey, late)).toMatch(
      /^IW-G13 .*expired at 2026-12-04T08:00:00.000Z, before it signed/,
    );
  });

  test("signed at a time that is still to come", async () => {
    const early = withSignature(PAYLOAD, await ann.sign(Buffer.from(PAYLOAD), AT + DAY));
    expect(await verdict(early, ann.publicKey)).toMatch(/^IW-G13 .*still to come/);
  });

  test("where no keys are named", async () => {
    const why = await judge(Buffer.from(signed), { ssh: null, openpgp: null }, AT);
    expect(why).toMatchObject({
      code: "IW-G12",
      message: expect.stringContaining("names no openpgpKeys"),
    });
  });
});

describe("good is a commit", () => {
  test.each([
    ["ed25519", {}],
    ["rsa", { rsa: true }],
    ["a subkey", { bySubkey: true }],
    ["a key that has expired since", { expiresSeconds: 86_400 * 11 }],
  ])("signed by %s", async (_what, how) => {
    const signer = await anOpenpgpSigner({ made: MADE, ...how });
    const bytes = withSignature(PAYLOAD, await signer.sign(Buffer.from(PAYLOAD), AT));
    expect(await verdict(bytes, signer.publicKey, AT + 20 * DAY)).toBe("good");
  });

  test("of a key among others, in a file of several exports, and in a binary one", async () => {
    const other = await anOpenpgpSigner({ made: MADE });
    const bytes = withSignature(PAYLOAD, signature);
    expect(await verdict(bytes, `ours:\n${other.publicKey}\n\n${ann.publicKey}`)).toBe("good");
    expect(await verdict(bytes, ann.key.toPublic().write())).toBe("good");
  });
});

test.each([
  ["nothing", "", /keys.asc: it holds no OpenPGP key/],
  ["a text", "hello", /keys.asc: it holds no OpenPGP key that can be read/],
  ["half a key", ann.publicKey.slice(0, 200), /keys.asc: it holds no OpenPGP key/],
  ["a private key", ann.key.armor(), /keys.asc: it holds a private key.*gpg --export --armor/],
])("a file of keys that holds %s is said", async (_what, text, said) => {
  expect(await verdict(Buffer.from(PAYLOAD), text)).toMatch(said);
});

test("no bytes make it crash", async () => {
  const armored = (body: Uint8Array): string =>
    `-----BEGIN PGP SIGNATURE-----\n\n${Buffer.from(body).toString("base64")}\n-----END PGP SIGNATURE-----`;
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 200 }), async (any) => {
      expect(await verdict(withSignature(PAYLOAD, armored(any)), ann.publicKey)).toMatch(/^IW-G1/);
      expect(await verdict(Buffer.from(PAYLOAD), any)).toMatch(/no OpenPGP key/);
    }),
  );
});
