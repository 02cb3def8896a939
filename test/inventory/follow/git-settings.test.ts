import { expect, test } from "vitest";
import { loadSettings } from "../../../inventory/load-settings.ts";
import { tempRepo } from "../../support/temp-repo.ts";

const BAD: readonly (readonly [string, string])[] = [
  ["https://ops:hunter2@git.example.org/i.git", "write credentials:"],
  ["https://hunter2@git.example.org/i.git", "a token in the address"],
  ["ssh://git:hunter2@git.example.org/i.git", "use a key of ssh"],
  ["ext::sh -c reboot", "no address"],
  ["--upload-pack=reboot", "no address"],
  ["ftp://git.example.org/i.git", "ftp:// is not spoken"],
  ["", "no address"],
];

test.each(BAD)("git.url %s is refused with its place, and not shown", async (url, why) => {
  const { dir } = await tempRepo({ "ironwright.yaml": `git:\n  url: "${url}"\n` });
  const { diagnostics } = await loadSettings({ dir, env: {} });
  expect(diagnostics).toMatchObject([{ code: "IW-S01", line: 2, file: "ironwright.yaml" }]);
  expect(diagnostics[0]?.message).toContain(why);
  expect(JSON.stringify(diagnostics)).not.toContain("hunter2");
});

test("a password in the environment's address is refused and not shown", async () => {
  const { dir } = await tempRepo();
  const env = { IRONWRIGHT_GIT_URL: "https://ops:hunter2@git.example.org/i.git" };
  const { diagnostics } = await loadSettings({ dir, env });
  expect(diagnostics[0]?.message).toContain("IRONWRIGHT_GIT_URL");
  expect(JSON.stringify(diagnostics)).not.toContain("hunter2");
});

test.each([
  "https://git.example.org/i.git",
  "http://[::1]:8080/i.git",
  "ssh://git@git.example.org:22/i.git",
  "git@git.example.org:ops/i.git",
  "file:///srv/i.git",
  "/srv/i.git",
  "../i.git",
])("git.url %s is taken", async (url) => {
  const { dir } = await tempRepo({ "ironwright.yaml": `git: { url: "${url}" }\n` });
  expect((await loadSettings({ dir, env: {} })).settings?.git.url).toBe(url);
});

test("a password in the settings is refused; a reference, also by environment, is taken", async () => {
  const clear = "git: { credentials: { username: ops, password: hunter2 } }\n";
  const { dir } = await tempRepo({ "ironwright.yaml": clear });
  const { diagnostics } = await loadSettings({ dir, env: {} });
  expect(diagnostics).toMatchObject([{ code: "IW-S01", line: 1 }]);
  expect(JSON.stringify(diagnostics)).not.toContain("hunter2");
  const empty = await tempRepo();
  const env = {
    IRONWRIGHT_GIT_CREDENTIALS_USERNAME: "ops",
    IRONWRIGHT_GIT_CREDENTIALS_PASSWORD_ENV: "TOKEN",
  };
  const { settings } = await loadSettings({ dir: empty.dir, env });
  expect(settings?.git.credentials).toEqual({ username: "ops", password: { env: "TOKEN" } });
});

test("what an instance follows changes no plan", async () => {
  const [one, other] = await Promise.all(
    ["git: { ref: main, timeoutSeconds: 5 }\n", ""].map(async (text) => {
      const { dir } = await tempRepo({ "ironwright.yaml": text });
      return (await loadSettings({ dir, env: {} })).settingsHash;
    }),
  );
  expect(one).toBe(other);
});
