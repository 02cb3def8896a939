import fs, { appendFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as git from "isomorphic-git";
import { expect, test, vi } from "vitest";
import type { EngineEvent } from "../../../schemas/event.ts";
import { anSshSigner, junkSignature, signHead } from "../../support/a-signer.ts";
import { anOpenpgpSigner } from "../../support/an-openpgp-signer.ts";
import { GoldenHouse } from "../../support/golden-house.ts";
import { runCli, startCli } from "../../support/run-cli.ts";
import { tempDir } from "../../support/temp-dir.ts";
import { type TempRepo, tempRepo } from "../../support/temp-repo.ts";

// A test runs a dozen commands, each a process.
vi.setConfig({ testTimeout: 120_000 });

const ann = anSshSigner();
const eve = anSshSigner();
const SETTINGS = `git: { pollSeconds: 1, verify: { allowedSigners: signers } }
watch: { maxImpact: reboot }
limits: { resetSpacingSeconds: 0, powerOnSpacingSeconds: 0, settleSeconds: 0 }
timeouts: { powerSeconds: 5, lookSeconds: 0.1 }
`;

function node(power: string): string {
  return `apiVersion: ironwright/v1
kind: Node
metadata: { name: n1 }
spec:
  driver: fake
  interfaces: { inspect: out-of-band }
  identity: { serial: S-n1 }
  fake: { serial: S-n1 }
  provision: { state: adopted }
  power: ${power}
`;
}

const byAnn = (payload: Buffer): string => ann.sign(payload);
const byEve = (payload: Buffer): string => eve.sign(payload);

type Typed = (...words: readonly string[]) => Promise<string>;
type Made = Awaited<ReturnType<typeof begun>>;

/** A repository with its store, whose first commit Ann has signed. */
async function begun(type: (repo: TempRepo) => Typed = inOneProcess) {
  const repo = await tempRepo({
    "ironwright.yaml": SETTINGS,
    signers: `ops@example.org ${ann.publicKey}\n`,
    "inventory/n1.yaml": node("off"),
  });
  const typed = type(repo);
  expect(await typed("init", "--nodes", "new")).not.toContain("[exit");
  await repo.commit("the machine");
  await signHead(repo.dir, byAnn);
  return { repo, typed };
}

/** The same, and a second commit of hers is in force. */
async function aRepo(
  type?: (repo: TempRepo) => Typed,
): Promise<Made & { readonly inForce: string }> {
  const made = await begun(type);
  const inForce = await change(made.repo, "on", byAnn);
  expect(await made.typed("apply", "--yes")).toContain("1 node applied");
  return { ...made, inForce };
}

/** Store and machines in memory. */
function inOneProcess({ dir }: TempRepo): Typed {
  const house = new GoldenHouse(dir, join(dir, ".ironwright"));
  return (...words) => house.run(words, { columns: 200, answer: null });
}

/** Each command a process of its own, as a daemon beside it needs it. */
function asProcesses({ dir }: TempRepo): Typed {
  return async (...words) => {
    const { code, out, err } = await runCli(dir, words);
    return `${out}${err}${code === 0 ? "" : `[exit ${code}]\n`}`;
  };
}

/** Commits another power state, signed or not. */
async function change(
  repo: TempRepo,
  power: string,
  sign: ((payload: Buffer) => string | Promise<string>) | null,
): Promise<string> {
  repo.write("inventory/n1.yaml", node(power));
  const commit = await repo.commit(`power ${power}`);
  return sign === null ? commit : signHead(repo.dir, sign);
}

function refusal(inForce: string, [code, why]: Why): unknown {
  const stays = `${inForce.slice(0, 7)} stays in force`;
  return expect.stringMatching(
    new RegExp(`is refused, ${stays}.*${why}.*${code}\\n\\[exit 4\\]`, "s"),
  );
}

type Why = readonly [code: string, message: string];

const UNKNOWN: Why = ["IW-G12", "does not stand in signers"];
const CASES: readonly (readonly [string, (repo: TempRepo) => Promise<string>, Why])[] = [
  ["an unsigned commit", (repo) => change(repo, "off", null), ["IW-G10", "it is not signed"]],
  ["junk", (repo) => change(repo, "off", junkSignature), ["IW-G11", "no SSH signature"]],
  [
    "a signature of another commit",
    (repo) => change(repo, "off", () => ann.sign(Buffer.from("x"))),
    ["IW-G11", "does not fit"],
  ],
  ["an unknown key", (repo) => change(repo, "off", byEve), UNKNOWN],
  [
    "an OpenPGP key where none is allowed",
    async (repo) => {
      const signer = await anOpenpgpSigner({ made: Date.UTC(2026, 0, 1) });
      return change(repo, "off", (payload) => signer.sign(payload, Date.UTC(2026, 4, 1)));
    },
    ["IW-G12", "names no openpgpKeys"],
  ],
  [
    "a commit that no longer demands a signature",
    async (repo) => {
      const path = join(repo.dir, "ironwright.yaml");
      const text = fs.readFileSync(path, "utf8");
      writeFileSync(path, text.replace(", verify: { allowedSigners: signers }", ""));
      return change(repo, "off", null);
    },
    ["IW-G10", "it is not signed"],
  ],
  [
    "a commit that brings its own key",
    async (repo) => {
      appendFileSync(join(repo.dir, "signers"), `ops@example.org ${eve.publicKey}\n`);
      return change(repo, "off", byEve);
    },
    UNKNOWN,
  ],
];

test.each(CASES)(
  "%s is refused by apply and plan, and status says so",
  async (_what, spoil, why) => {
    const { repo, typed, inForce } = await aRepo();
    await spoil(repo);
    expect(await typed("plan")).toEqual(refusal(inForce, why));
    expect(await typed("apply", "--yes")).toEqual(refusal(inForce, why));
    for (const look of [["status"], ["explain", "n1"]]) {
      const said = await typed(...look);
      expect([said, said]).toEqual([
        expect.stringContaining(why[1]),
        expect.not.stringContaining("[exit"),
      ]);
    }
    repo.write("ironwright.yaml", await settingsOf(repo, inForce));
    await change(repo, "off", byAnn);
    expect(await typed("apply", "--yes")).toContain("1 node applied");
  },
);

async function settingsOf({ dir }: TempRepo, oid: string): Promise<string> {
  const { blob } = await git.readBlob({ fs, dir, oid, filepath: "ironwright.yaml" });
  return Buffer.from(blob).toString();
}

test("an uncommitted tree is not applied, and is planned from the last readings alone", async () => {
  const { repo, typed, inForce } = await aRepo();
  repo.write("inventory/n1.yaml", node("off"));
  for (const command of [["apply", "--yes"], ["plan"], ["node", "power", "off", "n1", "--yes"]])
    expect(await typed(...command)).toEqual(refusal(inForce, ["IW-G10", "it is not committed"]));
  const offline = await typed("plan", "--offline");
  expect(offline).toContain("the working tree is refused");
  expect(offline).not.toContain("[exit");
  expect(await typed("plan", "--ref", inForce)).toContain("in sync");
});

test("a key comes into force by a commit that an allowed key has signed, and goes by one too", async () => {
  const { repo, typed } = await aRepo();
  repo.write("signers", `ops@example.org ${eve.publicKey}\n`);
  await repo.commit("Eve takes over");
  await signHead(repo.dir, byAnn);
  expect(await typed("apply", "--yes")).not.toContain("[exit");
  const late = await change(repo, "off", byAnn);
  expect(await typed("apply", "--yes")).toMatch(/IW-G12/);
  expect(late).not.toBe(await change(repo, "off", byEve));
  expect(await typed("apply", "--yes")).toContain("1 node applied");
});

test("before the first apply, what init found is in force: a commit with its own key is refused", async () => {
  const { repo, typed } = await begun();
  repo.write("signers", `ops@example.org ${eve.publicKey}\n`);
  await change(repo, "on", byEve);
  expect(await typed("apply", "--yes")).toMatch(/does not stand in signers.*IW-G12\n\[exit 4\]/s);
});

test("a clone that has not the commit in force takes nothing, and says what to fetch", async () => {
  const { repo, typed, inForce } = await aRepo();
  const tip = await change(repo, "off", byAnn);
  // As `git clone --depth 1` leaves it.
  writeFileSync(join(repo.dir, ".git/shallow"), `${tip}\n`);
  fs.rmSync(join(repo.dir, ".git/objects", inForce.slice(0, 2), inForce.slice(2)));
  expect(await typed("apply", "--yes")).toMatch(/git fetch --unshallow.*IW-G14\n\[exit 4\]/s);
});

test("where all keys are lost, one that the host names lets the next commit in", async () => {
  const { repo } = await aRepo(asProcesses);
  const path = join(tempDir(), "signers");
  writeFileSync(path, `* ${eve.publicKey}\n`);
  await change(repo, "off", byEve);
  const env = { IRONWRIGHT_GIT_VERIFY_ALLOWED_SIGNERS: path };
  expect((await runCli(repo.dir, ["apply", "--yes"], env)).code).toBe(0);
});

test.each([
  ["no such file", null, "nobody: there is no such file"],
  ["an empty one", "# nobody\n", "holds no key, so nobody could sign the next commit"],
  [
    "a line that can't be read",
    "ops@example.org ssh-ed25519 AAAA\n",
    "nobody:1: the ssh-ed25519 key is cut off",
  ],
])("settings that name %s are refused, for no commit would ever pass", async (_what, text, why) => {
  const repo = await tempRepo({
    "ironwright.yaml": "git: { verify: { allowedSigners: nobody } }\n",
    "inventory/n1.yaml": node("off"),
  });
  if (text !== null) repo.write("nobody", text);
  const said = await inOneProcess(repo)("validate");
  expect(said).toContain(why);
  expect(said).toMatch(/IW-G14.*\[exit 3\]/s);
});

test("a driver that an unsigned commit names is not loaded, also by a daemon that starts over it", async () => {
  const { repo, typed, inForce } = await aRepo(asProcesses);
  const evil = join(repo.dir, "node_modules/evil");
  const ranAt = join(tempDir(), "ran");
  mkdirSync(evil, { recursive: true });
  const named = { name: "evil", version: "1.0.0", type: "module", exports: "./evil.js" };
  writeFileSync(join(evil, "package.json"), JSON.stringify(named));
  const code = `import fs from "node:fs"; fs.writeFileSync(${JSON.stringify(ranAt)}, "");`;
  writeFileSync(join(evil, "evil.js"), code);
  appendFileSync(join(repo.dir, "ironwright.yaml"), "drivers: [evil]\n");
  await change(repo, "off", null);
  for (const command of [["plan"], ["apply", "--yes"]])
    expect(await typed(...command)).toEqual(refusal(inForce, ["IW-G10", "it is not signed"]));
  const once = await typed("watch", "--once");
  expect(once).toContain(`${inForce.slice(0, 7)} stays in force: it is not signed`);
  expect(once).toMatch(/watch.commit.*power on.*\[exit 4\]/s);
  expect(fs.existsSync(ranAt)).toBe(false);
});

test("a daemon leaves the last good commit in force, says why, and takes the next that is signed", async () => {
  const { repo, inForce } = await aRepo(asProcesses);
  const running = startCli(repo.dir, ["watch", "--json"]);
  let out = "";
  running.child.stdout?.on("data", (chunk: Buffer) => (out += chunk.toString()));
  const told = (event: string, message: string): EngineEvent | undefined =>
    out
      .split("\n")
      .slice(0, -1)
      .map((line) => JSON.parse(line) as EngineEvent)
      .find((one) => one.event === event && one.message.includes(message));
  const until = (event: string, message: string): Promise<EngineEvent> =>
    vi.waitUntil(() => told(event, message), { timeout: 60_000 });
  await until("watch.commit", "power on");
  for (const [, spoil, [code, why]] of CASES) {
    const bad = await spoil(repo);
    const stays = `commit ${bad.slice(0, 7)} is refused, ${inForce.slice(0, 7)} stays in force: `;
    const refused = await until("watch.refused", stays);
    expect(refused).toMatchObject({ code, commit: inForce, message: expect.stringContaining(why) });
    await git.checkout({ fs, dir: repo.dir, ref: inForce, force: true });
    const main = { ref: "refs/heads/main", value: inForce, force: true };
    await git.writeRef({ fs, dir: repo.dir, ...main });
    await git.checkout({ fs, dir: repo.dir, ref: "main", force: true });
  }
  expect(told("apply.summary", "1 applied")).toBeUndefined();
  await change(repo, "off", byAnn);
  await until("watch.commit", "power off");
  await until("apply.summary", "1 applied");
  running.child.kill("SIGTERM");
  expect((await running.ended).code).toBe(0);
});
