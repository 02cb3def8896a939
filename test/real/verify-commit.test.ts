import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { findRepository } from "../../inventory/committed-tree.ts";
import { readSigners } from "../../inventory/verify/signers.ts";
import { whyUnverified } from "../../inventory/verify/verify-commit.ts";
import type { Verify } from "../../schemas/settings.ts";
import { tempDir } from "../support/temp-dir.ts";

const PATH = process.env["PATH"] ?? "";
/** Homes of gpg whose agents are to be ended. */
const homes: string[] = [];

afterEach(() => {
  for (const home of homes.splice(0))
    run("gpgconf", ["--homedir", home, "--kill", "all"], { GNUPGHOME: home });
});

function run(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): string {
  return execFileSync(program, args, {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
    env: { PATH, LC_ALL: "C", GIT_CONFIG_NOSYSTEM: "1", ...env },
  });
}

/** A repository that signs by a new key, and who may. */
interface Signing {
  readonly dir: string;
  readonly verify: Verify;
  /** Commits, signed unless it says otherwise; answers the commit. */
  readonly commit: (message: string | Buffer, ...how: readonly string[]) => string;
  readonly git: (...args: readonly string[]) => string;
}

function signing(dir: string, verify: Verify, config: readonly string[], env = {}): Signing {
  const who = ["user.name=ops", "user.email=ops@example.org", ...config];
  const settings = who.flatMap((one) => ["-c", one]);
  const git = (...args: readonly string[]): string =>
    run("git", ["-C", dir, ...settings, ...args], { HOME: dir, ...env }).trim();
  git("init", "--quiet", "-b", "main");
  return {
    dir,
    verify,
    git,
    commit(message, ...how) {
      const path = join(dir, ".git/message");
      writeFileSync(path, message);
      git("commit", "--quiet", "--allow-empty", "--cleanup=verbatim", "-F", path, ...how);
      return git("rev-parse", "HEAD");
    },
  };
}

function bySsh(type: string, bits: string): Signing {
  const dir = tempDir();
  const key = join(dir, "key");
  run("ssh-keygen", ["-q", "-t", type, "-b", bits, "-N", "", "-C", "ops", "-f", key]);
  const allowed = join(dir, "signers");
  const publicKey = readFileSync(`${key}.pub`, "utf8");
  writeFileSync(allowed, `# ops\nops@example.org namespaces="git" ${publicKey}`);
  const config = [
    "gpg.format=ssh",
    `user.signingKey=${key}.pub`,
    `gpg.ssh.allowedSignersFile=${allowed}`,
  ];
  return signing(dir, { allowedSigners: allowed }, config);
}

function byGpg(algorithm: string, usage = "sign"): Signing {
  const dir = tempDir();
  const home = join(dir, "gnupg");
  mkdirSync(home, { mode: 0o700 });
  homes.push(home);
  const env = { GNUPGHOME: home };
  const quick = ["--batch", "--quiet", "--pinentry-mode", "loopback", "--passphrase", ""];
  run("gpg", [...quick, "--quick-generate-key", "ops@example.org", algorithm, usage, "1y"], env);
  const listed = run("gpg", ["--batch", "--with-colons", "--list-keys"], env);
  const fingerprint = /^fpr:+([0-9A-F]{40}):/m.exec(listed)?.[1] ?? "";
  if (usage === "cert")
    run("gpg", [...quick, "--quick-add-key", fingerprint, algorithm, "sign"], env);
  const keys = join(dir, "keys.asc");
  writeFileSync(keys, run("gpg", ["--batch", "--armor", "--export", "ops@example.org"], env));
  return signing(dir, { openpgpKeys: [keys] }, [`user.signingKey=${fingerprint}`], env);
}

async function verdict({ dir, verify }: Signing, commit: string): Promise<string> {
  const repository = findRepository(dir);
  const signers = await readSigners(verify, (path) =>
    Promise.resolve(existsSync(path) ? readFileSync(path) : null),
  );
  if (repository === null || !signers.ok) throw new Error("it is not set up");
  const why = await whyUnverified(repository, commit, { signers: signers.value, now: Date.now() });
  return why?.code ?? "good";
}

/** What git itself says of it. */
function gitsVerdict({ git }: Signing, commit: string): "good" | "bad" {
  try {
    git("verify-commit", commit);
    return "good";
  } catch {
    return "bad";
  }
}

/** The same commit with other bytes in it. */
function tampered({ dir, git }: Signing, commit: string, change: (text: string) => string): string {
  const raw = execFileSync("git", ["-C", dir, "cat-file", "commit", commit], { env: { PATH } });
  const path = join(dir, ".git/tampered");
  writeFileSync(path, Buffer.from(change(raw.toString("latin1")), "latin1"));
  return git("hash-object", "-t", "commit", "-w", "--literally", path);
}

test.each<readonly [string, () => Signing]>([
  ["ssh-keygen's ed25519", () => bySsh("ed25519", "256")],
  ["ssh-keygen's ecdsa of 256 bits", () => bySsh("ecdsa", "256")],
  ["ssh-keygen's ecdsa of 384 bits", () => bySsh("ecdsa", "384")],
  ["ssh-keygen's ecdsa of 521 bits", () => bySsh("ecdsa", "521")],
  ["ssh-keygen's rsa", () => bySsh("rsa", "3072")],
  ["gpg's ed25519", () => byGpg("ed25519")],
  ["gpg's rsa", () => byGpg("rsa3072")],
  ["a subkey of gpg's", () => byGpg("ed25519", "cert")],
])(
  "what git signs by %s is good here and there, and what was changed in neither",
  async (_what, make) => {
    const signer = make();
    const messages = [
      "a rack\n",
      "no end",
      "spaces  \r\n\n\ngpgsig no\n\n",
      Buffer.from([0xe4, 0xff, 10]),
    ];
    for (const message of messages) {
      const commit = signer.commit(message, "-S");
      expect([message, gitsVerdict(signer, commit), await verdict(signer, commit)]).toEqual([
        message,
        "good",
        "good",
      ]);
    }
    const commit = signer.commit("a rack", "-S");
    for (const change of [
      (text: string) => text.replace("a rack", "a rock"),
      (text: string) => text.replace(/^tree ..../, "tree 0000"),
      (text: string) => text.replace(/parent .*\n/, ""),
      (text: string) => text.replace(/(committer .*> )\d/, "$19"),
      (text: string) => `${text}\n`,
    ]) {
      const bad = tampered(signer, commit, change);
      expect([gitsVerdict(signer, bad), await verdict(signer, bad)]).toEqual(["bad", "IW-G11"]);
    }
    const unsigned = signer.commit("no signature", "--no-gpg-sign");
    expect([gitsVerdict(signer, unsigned), await verdict(signer, unsigned)]).toEqual([
      "bad",
      "IW-G10",
    ]);
  },
);

test("a signed merge of a signed tag, and a commit in another encoding, are good here and there", async () => {
  const signer = bySsh("ed25519", "256");
  signer.commit("first", "-S");
  signer.git("checkout", "--quiet", "-b", "other");
  signer.commit("other", "-S");
  signer.git("tag", "-s", "-m", "a tag", "v1");
  signer.git("checkout", "--quiet", "main");
  signer.commit("ours", "-S");
  signer.git("merge", "--quiet", "--no-ff", "-S", "-m", "merge", "v1");
  const merge = signer.git("rev-parse", "HEAD");
  expect(signer.git("cat-file", "commit", merge)).toContain("\nmergetag object ");
  signer.git("config", "i18n.commitEncoding", "ISO-8859-1");
  const latin = signer.commit(Buffer.from("R\xe4ck\n", "latin1"), "-S");
  expect(signer.git("cat-file", "commit", latin)).toContain("\nencoding ISO-8859-1");
  for (const commit of [merge, latin])
    expect([gitsVerdict(signer, commit), await verdict(signer, commit)]).toEqual(["good", "good"]);
});

test("packed commits are read as loose ones are", async () => {
  const signer = byGpg("ed25519");
  const commits = ["one", "two", "three"].map((message) => signer.commit(message, "-S"));
  signer.git("gc", "--quiet");
  for (const commit of commits) expect(await verdict(signer, commit)).toBe("good");
});

test.each([
  ['valid-before="20200101"', "IW-G13"],
  ['valid-after="20990101"', "IW-G13"],
  ['namespaces="file"', "IW-G12"],
  ["cert-authority", "IW-G12"],
])("by a line with %s git refuses what is refused here", async (options, code) => {
  const signer = bySsh("ed25519", "256");
  const commit = signer.commit("a rack", "-S");
  const allowed = signer.verify.allowedSigners ?? "";
  const text = readFileSync(allowed, "utf8").replace('namespaces="git"', options);
  writeFileSync(allowed, text);
  expect([gitsVerdict(signer, commit), await verdict(signer, commit)]).toEqual(["bad", code]);
});

test("a key that gpg has revoked is out of its time here, and bad there", async () => {
  const signer = byGpg("ed25519");
  const commit = signer.commit("a rack", "-S");
  const env = { GNUPGHOME: join(signer.dir, "gnupg") };
  const revocations = join(env.GNUPGHOME, "openpgp-revocs.d");
  for (const name of readdirSync(revocations)) {
    // gpg puts a colon before the armor, so that nobody imports it by chance.
    const text = readFileSync(join(revocations, name), "utf8").replace(":-----BEGIN", "-----BEGIN");
    writeFileSync(join(signer.dir, "revocation"), text);
    run("gpg", ["--batch", "--quiet", "--import", join(signer.dir, "revocation")], env);
  }
  const exported = run("gpg", ["--batch", "--armor", "--export", "ops@example.org"], env);
  writeFileSync(join(signer.dir, "keys.asc"), exported);
  expect([gitsVerdict(signer, commit), await verdict(signer, commit)]).toEqual(["bad", "IW-G13"]);
});
