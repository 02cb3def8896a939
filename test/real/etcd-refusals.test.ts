import { execFileSync } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { testCertificate } from "../drivers/support/certificate.ts";
import { anEtcd, type Cluster } from "../support/an-etcd.ts";
import { runCli } from "../support/run-cli.ts";
import { tempDir } from "../support/temp-dir.ts";
import { type TempRepo, tempRepo } from "../support/temp-repo.ts";

vi.setConfig({ testTimeout: 180_000 });

const NODE = `apiVersion: ironwright/v1
kind: Node
metadata: { name: n1 }
spec:
  driver: fake
  provision: { state: manageable }
`;

/** A repository whose settings name an etcd in so many words. */
async function aRepo(etcd: string, lease = "backend: etcd"): Promise<TempRepo> {
  const repo = await tempRepo();
  repo.write("inventory/n1.yaml", NODE);
  settle(repo, etcd, lease);
  return repo;
}

/** Writes the settings anew and keeps the ids that init put there. */
function settle(repo: TempRepo, etcd: string, lease = "backend: etcd", ids = ""): void {
  repo.write(
    "ironwright.yaml",
    `apiVersion: ironwright/v1\nlease: { ttlSeconds: 10, ${lease} }\netcd:\n  timeoutSeconds: 2\n${etcd}${ids}`,
  );
}

function endpointsOf({ endpoints }: Pick<Cluster, "endpoints">): string {
  return `  endpoints: [${endpoints.map((one) => `"${one}"`).join(", ")}]\n`;
}

/** Exit 3, one sentence that says this, and nothing of how the program is built. */
async function refused(
  repo: TempRepo,
  args: readonly string[],
  says: RegExp,
  env: Readonly<Record<string, string>> = {},
): Promise<void> {
  const ran = await runCli(repo.dir, args, env);
  expect([ran.code, ran.err]).toEqual([3, expect.stringMatching(says)]);
  expect(ran.err).not.toMatch(/at .*\.js:\d+|a bug in ironwright/);
}

test("an etcd that is not there, one that hears and never answers, and a file that can't be read", async () => {
  const open = new Set<Socket>();
  const silent = createServer((socket) => open.add(socket.on("error", () => undefined)));
  await new Promise<void>((done) => silent.listen(0, "127.0.0.1", done));
  onTestFinished(() => {
    for (const socket of open) socket.destroy();
    silent.close();
  });
  const address = silent.address();
  const port = typeof address === "object" ? address?.port : 0;
  const nobody = await aRepo('  endpoints: ["http://127.0.0.1:1"]\n');
  await refused(
    nobody,
    ["init"],
    /etcd at http:\/\/127\.0\.0\.1:1: it cannot be reached; see that it runs.*IW-S10/,
  );
  const deaf = await aRepo(`  endpoints: ["http://127.0.0.1:${port}"]\n`);
  await refused(deaf, ["init"], /did not answer within 2 s|cannot be reached/);
  const noCa = await aRepo('  endpoints: ["https://127.0.0.1:1"]\n  ca: ca.pem\n');
  await refused(noCa, ["init"], /etcd\.ca names ca\.pem, which cannot be read \(ENOENT\)/);
  noCa.write("ca.pem", "no certificate");
  await refused(noCa, ["init"], /ca\.pem: no PEM/);
  // Nothing that init writes before is left behind.
  const settings = execFileSync("cat", [join(nobody.dir, "ironwright.yaml")]).toString();
  expect(settings).not.toContain("store:");
});

test("a login that is refused, a user without a role, and an etcd that asks for a user", async () => {
  const etcd = await anEtcd();
  for (const words of [
    ["user", "add", "root:secret"],
    ["user", "add", "ops:right"],
    ["auth", "enable"],
  ])
    etcd.ctl(...words);
  const repo = await aRepo(endpointsOf(etcd));
  await refused(repo, ["init"], /it asks for a user; set etcd\.username/);
  settle(repo, `${endpointsOf(etcd)}  username: ops\n  password: { env: ETCD_PASSWORD }\n`);
  await refused(repo, ["init"], /etcd\.password: .*ETCD_PASSWORD is not set/);
  const wrong = { ETCD_PASSWORD: "wrong-one" };
  await refused(repo, ["init"], /it refuses the user ops or its password/, wrong);
  const right = { ETCD_PASSWORD: "right" };
  await refused(
    repo,
    ["init"],
    /the user ops may not use the keys below \/ironwright\/; grant its role: etcdctl role/,
    right,
  );
  const root = ["--user", "root:secret"];
  etcd.ctl(...root, "role", "add", "fleet");
  etcd.ctl(
    ...root,
    "role",
    "grant-permission",
    "fleet",
    "--prefix=true",
    "readwrite",
    "/ironwright/",
  );
  etcd.ctl(...root, "user", "grant-role", "ops", "fleet");
  const made = await runCli(repo.dir, ["init"], right);
  expect([made.code, made.err]).toEqual([0, ""]);
  expect((await runCli(repo.dir, ["apply", "--yes"], right)).code).toBe(0);
  const printed = (await runCli(repo.dir, ["plan", "--log-level", "debug"], wrong)).err;
  expect(printed).not.toContain("wrong-one");
});

test("TLS: another authority, none, plain http, and the right one", async () => {
  const [its, other] = [await testCertificate(), await testCertificate()];
  const dir = tempDir();
  for (const [name, text] of Object.entries({ "c.pem": its.cert, "k.pem": its.key }))
    writeFileSync(join(dir, name), text);
  const at = (name: string): string => join(dir, name);
  const etcd = await anEtcd({
    scheme: "https",
    flags: ["--cert-file", at("c.pem"), "--key-file", at("k.pem")],
    ctlFlags: ["--cacert", at("c.pem")],
  });
  const repo = await aRepo(endpointsOf(etcd));
  repo.write("its.pem", its.cert);
  repo.write("other.pem", other.cert);
  const untrusted = /its certificate is not trusted; name the authority that signed it in etcd\.ca/;
  await refused(repo, ["init"], untrusted);
  settle(repo, `${endpointsOf(etcd)}  ca: other.pem\n`);
  await refused(repo, ["init"], untrusted);
  settle(repo, endpointsOf(etcd).replace("https", "http"));
  await refused(repo, ["init"], /etcd at http:.*(cannot be reached|TLS fails|did not answer)/);
  settle(repo, `${endpointsOf(etcd)}  ca: its.pem\n`);
  expect((await runCli(repo.dir, ["init"])).code).toBe(0);
  expect((await runCli(repo.dir, ["apply", "--yes"])).code).toBe(0);
});

test("a store is kept by one backend: settings that name the other say so, and migrate store moves it", async () => {
  const etcd = await anEtcd();
  const repo = await aRepo(endpointsOf(etcd), "backend: file");
  expect((await runCli(repo.dir, ["init"])).code).toBe(0);
  expect((await runCli(repo.dir, ["apply", "--yes"])).code).toBe(0);
  const text = execFileSync("cat", [join(repo.dir, "ironwright.yaml")]).toString();
  const ids = text.match(/^(store|fleet): .*\n/gm)?.join("") ?? "";
  settle(repo, endpointsOf(etcd), "backend: etcd", ids);
  const elsewhere =
    /lease\.backend is etcd in the settings, and the store .* is kept in .*\.ironwright; to move it.*migrate store; else set it back: lease\.backend: file.*IW-S03/;
  await refused(repo, ["apply", "--yes"], elsewhere);
  // What only looks goes on without a store, and says why there is none.
  expect((await runCli(repo.dir, ["status"])).err).toContain(
    "to move it, with every engine stopped",
  );
  const check = await runCli(repo.dir, ["migrate", "store", "--check"]);
  expect([check.code, check.out]).toEqual([2, expect.stringContaining("nothing was changed")]);
  const moved = await runCli(repo.dir, ["migrate", "store"]);
  expect([moved.code, moved.out]).toEqual([
    0,
    expect.stringMatching(/is kept in etcd \(http.* from now on: \d+ files were carried over/),
  ]);
  expect((await runCli(repo.dir, ["plan", "--detailed-exitcode"])).code).toBe(0);
  const again = await runCli(repo.dir, ["migrate", "store"]);
  expect([again.code, again.out]).toEqual([0, expect.stringContaining("nothing to migrate")]);
  settle(repo, endpointsOf(etcd), "backend: file", ids);
  await refused(
    repo,
    ["apply", "--yes"],
    /was moved to etcd \(http.*set lease\.backend: etcd.*IW-S03/,
  );
  const back = await runCli(repo.dir, ["migrate", "store"]);
  expect([back.code, back.out]).toEqual([0, expect.stringContaining(".ironwright from now on")]);
  expect((await runCli(repo.dir, ["apply", "--yes"])).code).toBe(0);
  // Whoever knows nothing of the files is told where the store is not.
  settle(repo, endpointsOf(etcd), "backend: etcd", ids);
  await refused(repo, ["apply", "--yes"], /was moved to .*\.ironwright.*set lease\.backend: file/);
});

test("a snapshot that was restored is refused, under the same cluster id too, until a person says so", async () => {
  const etcd = await anEtcd();
  const repo = await aRepo(endpointsOf(etcd));
  expect((await runCli(repo.dir, ["init"])).code).toBe(0);
  await repo.commit("one");
  const dir = tempDir();
  etcd.ctl("snapshot", "save", join(dir, "s.db"));
  expect((await runCli(repo.dir, ["apply", "--yes"])).code).toBe(0);
  const [member] = etcd.members;
  if (member === undefined) throw new Error("no member");
  for (const token of ["another-cluster", "etcd-cluster"]) {
    await member.restore(join(dir, "s.db"), token);
    const says =
      token === "etcd-cluster"
        ? /is at revision \d+, and this host saw it at \d+|is older than this host saw it/
        : /is a copy of a store, or was restored/;
    await refused(repo, ["apply", "--yes"], says);
  }
  const declared = await runCli(repo.dir, ["init", "--restored"]);
  expect([declared.code, declared.err]).toEqual([0, ""]);
  expect((await runCli(repo.dir, ["apply", "--yes"])).code).toBe(0);
  rmSync(dir, { recursive: true });
});

test("an etcd whose database is full: reads go on, what acts is refused with what to do", async () => {
  const etcd = await anEtcd({ flags: ["--quota-backend-bytes", String(16 * 1024 * 1024)] });
  const repo = await aRepo(endpointsOf(etcd));
  expect((await runCli(repo.dir, ["init"])).code).toBe(0);
  const value = "x".repeat(100_000);
  expect(() => {
    for (let i = 0; i < 1000; i += 1) etcd.ctl("put", `/filler/${i}`, value);
  }).toThrow(/database space exceeded/);
  expect((await runCli(repo.dir, ["status"])).code).toBe(0);
  await refused(repo, ["apply", "--yes"], /its database is full \(alarm NOSPACE\)/);
});
