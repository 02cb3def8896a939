import { afterAll } from "vitest";
import { disksAre } from "../support/a-disk.ts";
import { startEtcd } from "../support/an-etcd.ts";
import { clientOf, EtcdDisk, untilIdle } from "../support/etcd-disk.ts";

// The tests of the store as `npm test` runs them over files, here over a real etcd: each store below its own prefix.
const etcd = await startEtcd();
let stores = 0;
const clients: ReturnType<typeof clientOf>[] = [];
disksAre(() => {
  stores += 1;
  const client = clientOf(etcd.endpoints, `/store-${stores}`);
  clients.push(client);
  return Promise.resolve(new EtcdDisk(client));
}, untilIdle);

afterAll(async () => {
  for (const client of clients) client.close();
  await etcd.close();
});

await import("../engine/run/store/allocations.test.ts");
await import("../engine/run/store/applied-images.test.ts");
await import("../engine/run/store/claims.test.ts");
await import("../engine/run/store/formats.test.ts");
await import("../engine/run/store/init-store.test.ts");
await import("../engine/run/store/names.test.ts");
await import("../engine/run/store/register.test.ts");
await import("../engine/run/store/restored.test.ts");
await import("../engine/run/store/store-damage.test.ts");
await import("../engine/run/store/takeover.test.ts");
