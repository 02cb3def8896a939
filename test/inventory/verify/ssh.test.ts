import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseAllowedSigners } from "../../../inventory/verify/allowed-signers.ts";
import { fitsPatternList } from "../../../inventory/verify/pattern-list.ts";
import { signedCommit } from "../../../inventory/verify/signed-commit.ts";
import { checkSshSignature } from "../../../inventory/verify/ssh-signature.ts";
import { sshString } from "../../../inventory/verify/ssh-wire.ts";
import { judge } from "../../../inventory/verify/verify-commit.ts";
import {
  anSshSigner,
  armored,
  type HowSigned,
  junkSignature,
  SSH_TYPES,
  withSignature,
} from "../../support/a-signer.ts";

const AT = Date.UTC(2026, 10, 24, 8);
const PAYLOAD = commit("Ann <ann@example.org>");
const ann = anSshSigner();

function commit(who: string, more = "", message = "a rack\n"): string {
  const time = `${AT / 1000} +0100`;
  return `tree ${"a".repeat(40)}\nparent ${"b".repeat(40)}\nauthor Bob <bob@example.org> ${time}\ncommitter ${who} ${time}\n${more}\n${message}`;
}

function raw(payload = PAYLOAD, how: HowSigned = {}, signer = ann): Buffer {
  return withSignature(payload, signer.sign(Buffer.from(payload), how));
}

/** What is told of it; "good" where nothing is. */
async function verdict(
  bytes: Uint8Array,
  allowed = `ann@example.org ${ann.publicKey}`,
): Promise<string> {
  const ssh = { path: "allowed_signers", allowed: parseAllowedSigners(allowed) };
  const why = await judge(bytes, { ssh, openpgp: null }, AT);
  return why === null ? "good" : `${why.code} ${why.message}`;
}

describe("refused is a commit", () => {
  test.each<readonly [string, Buffer, RegExp]>([
    [
      "without a signature",
      Buffer.from(PAYLOAD),
      /^IW-G10 .*Ann <ann@example.org>.*git commit --amend --no-edit -S/,
    ],
    [
      "whose message was changed",
      Buffer.from(raw().toString().replace("a rack", "a rock")),
      /^IW-G11 .*does not fit/,
    ],
    [
      "whose tree was changed",
      Buffer.from(raw().toString().replace("aaaa", "aaab")),
      /^IW-G11 .*does not fit/,
    ],
    [
      "whose committer was changed",
      Buffer.from(raw().toString().replace("Ann", "Amy")),
      /^IW-G11 .*does not fit/,
    ],
    [
      "signed for another namespace",
      raw(PAYLOAD, { namespace: "file" }),
      /^IW-G11 .*made for "file", not for git/,
    ],
    ["signed over SHA-1", raw(PAYLOAD, { hash: "sha1" }), /^IW-G11 .*hash "sha1" is not allowed/],
    [
      "signed by a key that is not listed",
      raw(PAYLOAD, {}, anSshSigner()),
      /^IW-G12 .*SHA256:.*allowed_signers/,
    ],
    [
      "committed by another than the key's principal",
      raw(commit("Eve <eve@example.org>")),
      /^IW-G12 .*for ann@example.org \(allowed_signers:1\).*Eve/,
    ],
    [
      "signed with junk",
      withSignature(PAYLOAD, junkSignature()),
      /^IW-G11 .*no SSH signature of version 1/,
    ],
    [
      "signed with half an armor",
      withSignature(PAYLOAD, "-----BEGIN SSH SIGNATURE-----\nAAAA"),
      /^IW-G11 .*no SSH signature/,
    ],
    [
      "signed with nothing that is known",
      withSignature(PAYLOAD, "hello"),
      /^IW-G11 .*neither SSH's nor OpenPGP's/,
    ],
    [
      "signed twice",
      withSignature(raw().toString(), ann.sign(Buffer.from(PAYLOAD))),
      /^IW-G11 it has more than one signature/,
    ],
    [
      "with two armors in one header",
      withSignature(PAYLOAD, [1, 2].map(() => ann.sign(Buffer.from(PAYLOAD))).join("\n")),
      /^IW-G11 .*no SSH signature/,
    ],
    [
      "with a huge signature",
      withSignature(PAYLOAD, armored([Buffer.alloc(60_000)])),
      /^IW-G11 .*larger than 64 KiB/,
    ],
    [
      "signed above its parents",
      Buffer.from(moved(raw().toString())),
      /^IW-G11 .*above its committer/,
    ],
    [
      "without a committer",
      raw(PAYLOAD.replace("committer", "commuter")),
      /^IW-G11 its committer cannot be read/,
    ],
  ])("%s", async (_what, bytes, said) => {
    expect(await verdict(bytes)).toMatch(said);
  });

  test("signed by an RSA key with SHA-1, or a short one", async () => {
    const rsa = anSshSigner("ssh-rsa");
    const short = anSshSigner("ssh-rsa", 1024);
    expect(
      await verdict(raw(PAYLOAD, { algorithm: "ssh-rsa" }, rsa), `* ${rsa.publicKey}`),
    ).toMatch(/^IW-G11 .*algorithm is "ssh-rsa", not rsa-sha2-256 or rsa-sha2-512/);
    expect(await verdict(raw(PAYLOAD, {}, short), `* ${short.publicKey}`)).toMatch(
      /fewer than 2048/,
    );
  });

  test("signed with a certificate", async () => {
    const blob = sshString("ssh-ed25519-cert-v01@openssh.com");
    const parts = [blob, "git", "", "sha512", ""].map((part) => sshString(part));
    const signature = armored([Buffer.from("SSHSIG\0\0\0\x01", "latin1"), ...parts]);
    expect(await verdict(withSignature(PAYLOAD, signature))).toMatch(
      /certificate, which is not read/,
    );
  });

  test("with a name that would move the terminal's cursor, which is not printed", async () => {
    const said = await verdict(Buffer.from(commit("\u001B[2JEve <e@x>")));
    expect(said).toContain("?[2JEve");
  });

  test.each([
    [
      'valid-before="20261123Z"',
      /^IW-G13 .*was valid until 2026-11-23T00:00:00Z \(allowed_signers:1\), and the commit is of 2026-11-24T08:00:00Z/,
    ],
    ['valid-after="20261125Z"', /^IW-G13 .*is valid from 2026-11-25T00:00:00Z on/],
    ['namespaces="file,email"', /^IW-G12 .*for the namespaces file,email and not for git/],
    ["cert-authority", /^IW-G12 .*does not stand in allowed_signers/],
  ])("signed by a key with %s", async (options, said) => {
    expect(await verdict(raw(), `ann@example.org ${options} ${ann.publicKey}`)).toMatch(said);
  });

  test("signed by a key of a line that can't be read", async () => {
    expect(await verdict(raw(), `ann@example.org no-touch ${ann.publicKey}`)).toMatch(/^IW-G12/);
  });
});

/** The signature's header in front of the parents: git's payload stays the same. */
function moved(text: string): string {
  const header = /gpgsig [^\n]*\n(?: [^\n]*\n)*/.exec(text)?.[0] ?? "";
  return text.replace(header, "").replace("parent ", `${header}parent `);
}

describe("good is a commit", () => {
  test.each(SSH_TYPES)("signed by a key of the type %s", async (type) => {
    const signer = anSshSigner(type);
    expect(await verdict(raw(PAYLOAD, {}, signer), `ann@example.org ${signer.publicKey}`)).toBe(
      "good",
    );
    // A number that begins with zero bits is shorter on the wire.
    for (let i = 0; i < 20; i += 1)
      expect(checkSshSignature(signer.sign(Buffer.from([i])), Buffer.from([i])).ok).toBe(true);
  });

  test.each<HowSigned>([{ hash: "sha256" }, { algorithm: "rsa-sha2-256" }])(
    "signed with %o",
    async (how) => {
      const rsa = anSshSigner("ssh-rsa");
      expect(await verdict(raw(PAYLOAD, how, rsa), `* ${rsa.publicKey}`)).toBe("good");
    },
  );

  test.each([
    [
      "an encoding and a mergetag",
      commit(
        "Ann <ann@example.org>",
        "encoding latin1\nmergetag object 1\n gpgsig no\n \n tag v1\n",
      ),
    ],
    ["no newline at its end", commit("Ann <ann@example.org>", "", "no end")],
    ["no message", commit("Ann <ann@example.org>", "", "")],
    [
      "carriage returns, spaces and a gpgsig in its message",
      commit("Ann <ann@example.org>", "", "a \r\n\r\ngpgsig no\n  \n\n\n"),
    ],
  ])("with %s", async (_what, payload) => {
    expect(await verdict(raw(payload))).toBe("good");
  });

  test("with a message in another encoding, byte for byte", async () => {
    const payload = Buffer.concat([Buffer.from(PAYLOAD), Buffer.from([0xe4, 0xff, 0x00, 0x0a])]);
    const signature = ann.sign(payload).replaceAll("\n", "\n ");
    const at = payload.indexOf("\n\n") + 1;
    const header = Buffer.from(`gpgsig ${signature}\n`);
    const bytes = Buffer.concat([payload.subarray(0, at), header, payload.subarray(at)]);
    expect(await verdict(bytes)).toBe("good");
  });

  test("with a gpgsig-sha256 beside it, which is no part of what is signed", async () => {
    const text = raw().toString().replace("gpgsig ", "gpgsig-sha256 x\n y\ngpgsig ");
    expect(await verdict(Buffer.from(text))).toBe("good");
  });

  test.each([
    `# ours\n\n"ann@example.org,bob@example.org" namespaces="git",valid-after="20260101",valid-before=20270101000000Z KEY ann's laptop\n`,
    "*@example.org,!eve@example.org KEY",
    'ann@example.or? NAMESPACES="*" KEY\r\n',
    "old@example.org KEY\nann@example.org KEY",
  ])("of a key by the line %s", async (lines) => {
    expect(await verdict(raw(), lines.replaceAll("KEY", ann.publicKey))).toBe("good");
  });
});

test.each([
  ["ann@example.org", "no public key stands there"],
  ["ann@example.org ssh-ed25519 AAAA", "the ssh-ed25519 key is cut off or damaged"],
  ["ann@example.org ssh-dss AAAA", '"ssh-dss" are not read here'],
  ["ann@example.org __proto__ KEY", '"__proto__" is none of the options'],
  ["ann@example.org valid-before=20261301 KEY", "a time can't be read"],
  ["ann@example.org valid-before=20260230Z KEY", "a time can't be read"],
  ["ann@example.org valid-before KEY", "valid-before has no value"],
  ['ann@example.org cert-authority="yes" KEY', "cert-authority has a value"],
  ["ann@example.org namespaces=git,namespaces=file KEY", "namespaces stands there twice"],
  ['ann@example.org namespaces="git"x KEY', "the options cannot be read from"],
  ['ann@example.org namespaces="git KEY', "no public key stands there"],
])("the line %s lets nobody sign, and says why", (line, why) => {
  const { signers, wrong } = parseAllowedSigners(`\n${line.replace("KEY", ann.publicKey)}`);
  expect(signers).toEqual([]);
  expect(wrong).toMatchObject([{ line: 2, why: expect.stringContaining(why) }]);
});

describe("laws", () => {
  const bytes = fc.uint8Array({ maxLength: 300 });

  test("no bytes make it crash", async () => {
    await fc.assert(
      fc.asyncProperty(bytes, fc.string(), async (any, text) => {
        signedCommit(any);
        expect(checkSshSignature(armored([any]), any).ok).toBe(false);
        parseAllowedSigners(text);
        parseAllowedSigners(`* ssh-ed25519 ${Buffer.from(any).toString("base64")}`);
        expect(await verdict(withSignature(PAYLOAD, text))).not.toBe("good");
      }),
    );
  });

  test("no signature whose one byte was changed is good", () => {
    const signers = SSH_TYPES.map((type) => anSshSigner(type));
    fc.assert(
      fc.property(
        fc.constantFrom(...signers),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        (signer, place, by) => {
          const payload = Buffer.from(PAYLOAD);
          const body = signer.sign(payload).split("\n").slice(1, -1).join("");
          const blob = Buffer.from(body, "base64");
          const at = place % blob.length;
          blob[at] = (blob[at] ?? 0) ^ by;
          expect(checkSshSignature(armored([blob]), payload).ok).toBe(false);
        },
      ),
      { numRuns: 300 },
    );
  });

  test("a list of patterns says what the regular expression says", () => {
    const pattern = fc.string({ unit: fc.constantFrom("a", "b", "*", "?"), maxLength: 6 });
    const text = fc.string({ unit: fc.constantFrom("a", "b"), maxLength: 6 });
    fc.assert(
      fc.property(pattern, text, (one, words) => {
        const same = new RegExp(`^${one.replaceAll("*", ".*").replaceAll("?", ".")}$`).test(words);
        expect(fitsPatternList(words, one)).toBe(same);
      }),
      { numRuns: 1000 },
    );
  });
});
