import { expect, test } from "vitest";
import { STORE_FORMAT } from "../../../../schemas/store-format.ts";
import type { JournalLine } from "../../../../schemas/store.ts";
import { LeaseLost } from "../../../../engine/run/store/file-grant.ts";
import {
  declareRestored,
  initStore,
  replaceStore,
} from "../../../../engine/run/store/init-store.ts";
import { Journal, readJournal } from "../../../../engine/run/store/journal.ts";
import { openReader } from "../../../../engine/run/store/open-store.ts";
import {
  ACT,
  acting,
  held,
  INTENT,
  STORE,
  storePorts as ports,
  TTL_SECONDS,
  UUID,
} from "../../../support/a-store.ts";
import { FakeClock } from "../../../support/fake-clock.ts";
import { aDisk, turns } from "../../../support/a-disk.ts";
import { type Before, systemError } from "../../../support/memory-files.ts";

const UPKEEP = {
  temporary: () => "/s/tmp/j",
  held: () => new Set<string>(),
  isNeeded: () => Promise.resolve(true),
};

function fact(seq: number): JournalLine {
  const head = { version: STORE_FORMAT, node: UUID, fence: 1, seq, inc: "i", at: 0 } as const;
  return { ...head, kind: "fact", patch: {} };
}

test("a journal whose disk failed once takes no further line, also not one that was waiting", async () => {
  const files = await aDisk();
  let appends = 0;
  const before: Before = (operation) => {
    if (operation === "append") appends += 1;
    return operation === "append" && appends === 1
      ? Promise.reject(systemError("ENOSPC"))
      : Promise.resolve();
  };
  const journal = new Journal(files.sharedWith(before), "/s/journal/i.jsonl", STORE_FORMAT, UPKEEP);
  const ends = await Promise.allSettled([1, 2, 3].map((seq) => journal.append(fact(seq))));
  const late = await Promise.allSettled([journal.append(fact(4))]);
  expect([...ends, ...late].map(({ status }) => status)).toEqual(Array(4).fill("rejected"));
  expect(await readJournal(files, "/s/journal/i.jsonl")).toEqual([]);
});

test("a torn last journal line is dropped, a bad line before a good one is damage", async () => {
  const files = await aDisk();
  const journal = new Journal(files, "/j", STORE_FORMAT, UPKEEP);
  await journal.append(fact(1));
  await journal.append(fact(2));
  const whole = (await files.dump()).get("/j") ?? "";
  for (let cut = 0; cut < whole.length; cut += 1) {
    await files.put("/j", whole.slice(0, cut));
    expect((await readJournal(files, "/j")).length).toBe(
      whole.slice(0, cut + 1).split("\n").length - 1,
    );
  }
  await files.put("/j", `x${whole.slice(1)}`);
  await expect(readJournal(files, "/j")).rejects.toThrow("line 1 does not match its checksum");
});

test.each(["EIO", "ESTALE", "ENOENT", "EMFILE"])(
  "a check whose disk answers %s lets nothing be sent, and says so as data",
  async (code) => {
    const disk = await aDisk();
    await initStore("/s", STORE, ports(disk, 1));
    let failing = false;
    const before: Before = (operation) =>
      failing && operation === "list" ? Promise.reject(systemError(code)) : Promise.resolve();
    const store = await acting(ports(disk.sharedWith(before), 2));
    const claimed = await store.claim(UUID, "n1");
    if (!claimed.ok) throw new Error(claimed.failure.message);
    expect(await claimed.value.check(ACT)).toBeNull();
    failing = true;
    expect(await claimed.value.check(ACT)).toMatchObject({ code: "IW-S06", cause: code });
    failing = false;
    await store.close();
  },
);

test("a stop file that is damaged stops, naming the file", async () => {
  const disk = await aDisk();
  await initStore("/s", STORE, ports(disk, 1));
  const store = await acting(ports(disk, 2));
  const claimed = await store.claim(UUID, "n1");
  if (!claimed.ok) throw new Error(claimed.failure.message);
  await disk.put("/s/stop", "{");
  const why = await claimed.value.check(ACT);
  expect(why?.code).toBe("IW-S07");
  expect(why?.message).toContain("/s/stop");
  expect(why?.message).toContain("ironwright resume");
  expect(await store.clearStop()).toMatchObject({ kind: "stop", reason: "damaged" });
  expect(await claimed.value.check(ACT)).toBeNull();
  await store.close();
});

test.each(["ENOENT", "EMFILE", "EIO"])(
  "an incarnation whose journal answers %s is dead for ever",
  async (code) => {
    const disk = await aDisk();
    await initStore("/s", STORE, ports(disk, 1));
    const before: Before = (operation) =>
      operation === "append" ? Promise.reject(systemError(code)) : Promise.resolve();
    const store = await acting(ports(disk.sharedWith(before), 2));
    const claimed = await store.claim(UUID, "n1");
    if (!claimed.ok) throw new Error(claimed.failure.message);
    await expect(claimed.value.intent(INTENT)).rejects.toThrow(LeaseLost);
    expect(store.dead()?.code).toBe("IW-L02");
    expect(store.deathSignal.aborted).toBe(true);
    await store.close();
  },
);

test("fences never begin anew after a node was forgotten", async () => {
  const disk = await aDisk();
  await initStore("/s", STORE, ports(disk, 1));
  const store = await acting(ports(disk, 2));
  for (const fence of [1, 2, 3]) {
    const claimed = await store.claim(UUID, "n1");
    expect(claimed.ok && claimed.value.fence).toBe(fence);
    if (claimed.ok) await claimed.value.release();
  }
  expect((await store.forget(UUID)).ok).toBe(true);
  expect(await store.record(UUID)).toBeNull();
  const again = await store.claim(UUID, "n1");
  // Forgetting takes the lease, and with it a number of its own.
  expect(again.ok && again.value.fence).toBe(5);
  await store.close();
});

test("a node that somebody works on is not forgotten under him", async () => {
  const disk = await aDisk();
  await initStore("/s", STORE, ports(disk, 1));
  const holder = await acting(ports(disk, 2));
  const grant = await held(holder);
  await grant.patchRecord({ revision: 1 });
  const store = await acting(ports(disk, 3), "me", "command");
  const forgotten = await store.forget(UUID);
  expect(forgotten.ok ? null : forgotten.failure.code).toBe("IW-L01");
  expect((await store.record(UUID))?.revision).toBe(1);
  await store.close();
  await holder.close();
});

test("sessions of an engine that died in an act outlive the forgetting of its node", async () => {
  const disk = await aDisk();
  await initStore("/s", STORE, ports(disk, 1));
  const grant = await held(await acting(ports(disk, 2)));
  await grant.nameSession("https://bmc", "/s/1");
  await grant.intent(INTENT);
  const store = await acting(ports(disk, 3, { fateOf: () => "gone" }), "me", "command");
  expect((await store.forget(UUID)).ok).toBe(true);
  await store.close();
  const next = await acting(ports(disk, 4, { fateOf: () => "gone" }));
  expect((await held(next)).predecessor?.claim).toMatchObject({
    released: false,
    sessions: [{ address: "https://bmc", session: "/s/1" }],
  });
  await next.close();
});

test("an engine of which nothing can be known counts as living only while its counter moves", async () => {
  const disk = await aDisk();
  await initStore("/s", STORE, ports(disk, 1));
  // Its host was rebooted: the file stays, and nobody renews it. Its clock is never moved.
  await acting(ports(disk, 2), "ghost");
  const clock = new FakeClock();
  const store = await acting(ports(disk, 3, { clock }), "me");
  const answers: (readonly { readonly name: string }[])[] = [];
  const asking = store.others().then((others) => answers.push(others));
  await turns();
  expect(answers).toEqual([]);
  for (let second = 0; second <= TTL_SECONDS + 10 && answers.length === 0; second += 1) {
    clock.advance(1000);
    await turns();
  }
  expect(answers).toEqual([[]]);
  await asking;
  expect([...(await disk.dump()).keys()].some((path) => /ghost.*\.dead$/.test(path))).toBe(true);
  await store.close();
});

test("a newer format is named as such also when its shape is another", async () => {
  const disk = await aDisk();
  await disk.put("/s/store.json", JSON.stringify({ format: 99, shape: "of tomorrow" }));
  const opened = await openReader("/s", { store: "store" }, ports(disk, 1));
  expect(opened.ok ? null : opened.failure.code).toBe("IW-S05");
});

test("replacing or restoring that is cut off at any write leaves no store that may act on less than it knew", async () => {
  for (const end of ["replace", "restore"] as const)
    for (let failing = 1; failing <= 12; failing += 1) {
      const disk = await aDisk();
      await initStore("/s", STORE, ports(disk, 1));
      const store = await acting(ports(disk, 2));
      await (await held(store)).patchRecord({ protected: true });
      await store.close();
      let count = 0;
      const before: Before = (operation) => {
        if (["remove", "removeAll", "create", "link", "rename"].includes(operation)) count += 1;
        return count >= failing ? Promise.reject(systemError("EIO")) : Promise.resolve();
      };
      const cut = ports(disk.sharedWith(before), 4);
      const done =
        end === "replace"
          ? await replaceStore("/s", { ...STORE, id: "other" }, cut)
          : await declareRestored("/s", { store: "store" }, cut);
      const records = [...(await disk.dump()).keys()].filter((path) => path.includes("/record."));
      const file = JSON.parse((await disk.dump()).get("/s/store.json") ?? "null") as {
        readonly id: string;
        readonly epoch: number;
      } | null;
      const told = [end, failing, done.ok];
      if (end === "replace" && file?.id === "store")
        expect([...told, records.length]).toEqual([...told, 1]);
      if (end === "restore" && file !== null && file.epoch > 1)
        expect([...told, records.length]).toEqual([...told, 0]);
    }
});
