import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { type SecretOptions, secretResolver } from "../../inventory/resolve-secret.ts";
import { defaultSettings } from "../../schemas/settings.ts";

const NODE = { name: "n1" };
const REF = { env: "PASSWORD" };

function version(env: SecretOptions["env"], key?: string): Promise<string | null> {
  const options = { settings: defaultSettings(), dir: "/", env };
  const keyed = key === undefined ? {} : { key: () => Promise.resolve(key) };
  return secretResolver({ ...options, ...keyed }).version(NODE, REF);
}

test("what can't be resolved has no version", async () => {
  expect(await version({}, "k")).toBeNull();
});

test("the same secret has the same version in two processes of one store, and in no other store", async () => {
  const first = await version({ PASSWORD: "calvin" }, "k");
  expect(await version({ PASSWORD: "calvin" }, "k")).toBe(first);
  expect(await version({ PASSWORD: "hobbes" }, "k")).not.toBe(first);
  expect(await version({ PASSWORD: "calvin" }, "another store")).not.toBe(first);
  expect(await version({ PASSWORD: "calvin" })).not.toBe(await version({ PASSWORD: "calvin" }));
});

test("a version is no bare hash of what it is of", async () => {
  const made = (await version({ PASSWORD: "calvin" }, "k")) ?? "";
  for (const text of ["calvin", `${JSON.stringify(REF)}\0calvin`, "k calvin"])
    for (const kind of ["md5", "sha1", "sha256", "sha512"])
      expect(createHash(kind).update(text).digest("hex")).not.toContain(made);
});

test("a version whose key could not be had once is had the next time, and a changed key makes another", async () => {
  const keys: (string | Error)[] = [new Error("the disk fails"), "k", "k", "another"];
  const key = (): Promise<string> => {
    const next = keys.shift() ?? "k";
    return typeof next === "string" ? Promise.resolve(next) : Promise.reject(next);
  };
  const env = { PASSWORD: "calvin" };
  const one = secretResolver({ settings: defaultSettings(), dir: "/", env, key });
  await expect(one.version(NODE, REF)).rejects.toThrow("the disk fails");
  expect(await one.version(NODE, REF)).toBe(await version(env, "k"));
  expect(await one.version(NODE, REF)).toBe(await version(env, "k"));
  expect(await one.version(NODE, REF)).toBe(await version(env, "another"));
});
