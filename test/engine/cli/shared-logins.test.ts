import { expect, test } from "vitest";
import { fingerprintKey, orUnknown, sharedLogins } from "../../../engine/cli/shared-logins.ts";
import type { LoginSlots } from "../../../engine/run/ports.ts";
import { initStore } from "../../../engine/run/store/init-store.ts";
import { openReader } from "../../../engine/run/store/open-store.ts";
import { CorruptFile, StoreTrouble } from "../../../engine/run/store/store-files.ts";
import { type Failure, failure } from "../../../schemas/failure.ts";
import { aNode } from "../../support/a-fleet.ts";
import { STORE, storePorts } from "../../support/a-store.ts";
import { MemoryFiles, systemError } from "../../support/memory-files.ts";

const NOT_YET = failure("stalled", "IW-S02", "there is no store");
const SILENT = failure("transient", "IW-S10", "etcd at e1: it did not answer");

test("a store that could not be opened is asked for again, and then kept", async () => {
  const disk = new MemoryFiles();
  await initStore("/s", STORE, storePorts(disk, 1));
  const opened = await openReader("/s", { store: "store" }, storePorts(disk, 2));
  if (!opened.ok) throw new Error(opened.failure.message);
  const store = opened.value;
  const answers: ({ store: typeof store; why: null } | { store: null; why: Failure | null })[] = [
    { store: null, why: null },
    { store: null, why: NOT_YET },
    { store: null, why: SILENT },
    { store, why: null },
  ];
  const logins = sharedLogins(() =>
    Promise.resolve(answers.shift() ?? { store: null, why: NOT_YET }),
  );
  expect(await logins()).toBeNull();
  expect(await logins()).toBeNull();
  await expect(logins()).rejects.toThrow("etcd at e1: it did not answer");
  expect(await Promise.all([logins(), logins()])).toEqual([store.logins, store.logins]);
  expect(await logins()).toBe(store.logins);
});

/** Slots whose key is had as said, call by call. */
function withKeys(...keys: readonly (string | Error)[]): () => Promise<LoginSlots> {
  const left = [...keys];
  const slots: LoginSlots = {
    key: () => {
      const next = left.shift() ?? new Error("asked too often");
      return typeof next === "string" ? Promise.resolve(next) : Promise.reject(next);
    },
    begin: () => Promise.resolve({ kind: "go" }),
    end: () => Promise.resolve(),
    forgive: () => Promise.resolve(0),
  };
  return () => Promise.resolve(slots);
}

test.each([
  systemError("EIO"),
  new StoreTrouble("IW-S10", "etcd: silent", "transient"),
  new CorruptFile("/s/sealed/logins.key", "it holds no key"),
])(
  "a key that could not be read (%s) is no key of this process, and is read again",
  async (error) => {
    const key = fingerprintKey(withKeys(error, "the store's"));
    await expect(key()).rejects.toThrow(error);
    expect(await key()).toBe("the store's");
    expect(await key()).toBe("the store's");
  },
);

test.each([systemError("EACCES"), new StoreTrouble("IW-S10", "etcd: this user may not")])(
  "who may not read the key (%s) has one of its own",
  async (error) => {
    const key = fingerprintKey(withKeys(error, error, "the store's"));
    const own = await key();
    expect(own).toMatch(/^[0-9a-f]{64}$/);
    expect(await key()).toBe(own);
    expect(await key()).toBe("the store's");
  },
);

test("nobody can tell whether a secret changed while the store fails; a bug is no such answer", async () => {
  const node = aNode("n1", {});
  expect(await orUnknown(() => Promise.reject(systemError("EIO")))(node)).toBeNull();
  expect(await orUnknown(() => Promise.resolve("v"))(node)).toBe("v");
  await expect(orUnknown(() => Promise.reject(new Error("a bug")))(node)).rejects.toThrow("a bug");
});
