import { expect, test } from "vitest";
import { loadSettings } from "../../inventory/load-settings.ts";
import { tempRepo } from "../support/temp-repo.ts";

const BAD: readonly (readonly [lines: string, line: number, says: string])[] = [
  ["", 1, "lease.backend is etcd, and there is no endpoint"],
  ["etcd:\n  endpoints: [10.0.0.7]\n", 3, "it is no endpoint; write http://HOST:PORT"],
  ['etcd:\n  endpoints: ["http://10.0.0.7"]\n', 3, "it has no port; etcd's own is 2379"],
  ['etcd:\n  endpoints: ["https://a:443", "https://b"]\n', 3, "it has no port"],
  ['etcd:\n  endpoints: ["http://ops:hunter2@a:2379"]\n', 3, "there is a user in the endpoint"],
  ['etcd:\n  endpoints: ["http://a:2379/v3"]\n', 3, "there is a path in the endpoint"],
  ['etcd:\n  endpoints: ["http://a:2379", "https://b:2379"]\n', 3, "some are http and some https"],
  ['etcd:\n  endpoints: ["http://a:2379"]\n  prefix: fleet/\n', 4, "write /NAME"],
  ['etcd:\n  endpoints: ["http://a:2379"]\n  username: ops\n', 4, "no etcd.password beside it"],
  [
    'etcd:\n  endpoints: ["http://a:2379"]\n  password: { env: P }\n',
    4,
    "no etcd.username beside it",
  ],
  ['etcd:\n  endpoints: ["https://a:2379"]\n  ca: c\n  cert: c\n', 5, "go together"],
  [
    'etcd:\n  endpoints: ["https://a:2379"]\n  cert: c\n  key: k\n',
    4,
    "there is no etcd.ca beside it",
  ],
  ['etcd:\n  endpoints: ["http://a:2379"]\n  ca: ca.pem\n', 4, "for endpoints of https"],
  ['etcd:\n  endpoint: ["http://a:2379"]\n', 3, "did you mean etcd.endpoints?"],
];

test.each(BAD)("%j is refused with its place", async (lines, line, says) => {
  const { dir } = await tempRepo({ "ironwright.yaml": `lease: { backend: etcd }\n${lines}` });
  const { settings, diagnostics } = await loadSettings({ dir, env: {} });
  expect(settings).toBeNull();
  const found = diagnostics.find(({ message }) => message.includes(says));
  expect([diagnostics.map(({ message }) => message), found?.line]).toEqual([
    expect.anything(),
    line,
  ]);
  expect(JSON.stringify(diagnostics)).not.toContain("hunter2");
});

test("endpoints are taken from the environment, and a plan is the same by whichever way the store is reached", async () => {
  const lease = "lease: { backend: etcd }\n";
  const one = await tempRepo({
    "ironwright.yaml": `${lease}etcd: { endpoints: ["http://a:2379"] }\n`,
  });
  const other = await tempRepo({ "ironwright.yaml": lease });
  const env = {
    IRONWRIGHT_ETCD_ENDPOINTS: "https://b:2379,https://[::1]:2379",
    IRONWRIGHT_ETCD_PREFIX: "/fleets/one",
    IRONWRIGHT_ETCD_TIMEOUT_SECONDS: "4",
  };
  const [first, second] = [
    await loadSettings({ dir: one.dir, env: {} }),
    await loadSettings({ dir: other.dir, env }),
  ];
  expect(second.diagnostics).toEqual([]);
  expect(second.settings?.etcd).toMatchObject({ prefix: "/fleets/one", timeoutSeconds: 4 });
  expect(second.settings?.etcd.endpoints).toHaveLength(2);
  expect(second.settingsHash).toBe(first.settingsHash);
});
