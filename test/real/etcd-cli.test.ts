import { expect, test } from "vitest";
import { anEtcd } from "../support/an-etcd.ts";
import { aRack } from "../support/rack.ts";

test("quick", async () => {
  const etcd = await anEtcd();
  const rack = await aRack(["n1", "n2"], {
    spec: "  power: on\n",
    init: false,
    settings: `etcd: { endpoints: [${etcd.endpoints.map((e) => `"${e}"`).join(",")}] }\n`,
    backend: "etcd",
  });
  for (const words of [
    ["init"],
    ["plan"],
    ["apply", "--yes"],
    ["status"],
    ["lease", "list"],
    ["history", "n1"],
  ]) {
    const t = performance.now();
    const ran = await rack.run(...words);
    console.log(words.join(" "), ran.code, (performance.now() - t).toFixed(0), ran.out, ran.err);
  }
  console.log(etcd.ctl("get", "--prefix", "", "--keys-only"));
  expect(1).toBe(1);
});
