import { describe, expect, it } from "vitest";
import type { LoginGuard } from "../../../drivers/driver.ts";
import { RefusalLedger, type SecretLogin } from "../../../drivers/net/refusal-ledger.ts";
import { benchNode, benchPorts } from "../../../drivers/conformance/bench-ports.ts";
import { failure } from "../../../schemas/failure.ts";
import { turns } from "../../support/a-disk.ts";
import { FakeClock } from "../../support/fake-clock.ts";

/** Time as a bench has it: who sleeps wakes in the next turn. */
const CLOCK = benchPorts().clock;

function aLogin(node: string, key = "k", fingerprint = "f"): SecretLogin {
  return { node: benchNode(node, {}), address: `https://${node}`, key, fingerprint };
}

const NO = failure("stalled", "IW-B04", "no");

describe("RefusalLedger", () => {
  it("lets an unproven secret be tried by no more at once than refusals are left", async () => {
    const ledger = new RefusalLedger(3, { clock: CLOCK });
    const tries: string[] = [];
    const all = Promise.all(
      ["a", "b", "c", "d", "e"].map(async (name) => {
        if ((await ledger.enter(aLogin(name))) !== null) return;
        tries.push(name);
        await new Promise((resolve) => setImmediate(resolve));
        await ledger.leave(aLogin(name), "refused", NO);
      }),
    );
    await all;
    expect(tries).toEqual(["a", "b", "c"]);
    const why = await ledger.enter(aLogin("f"));
    expect(why).toMatchObject({ code: "IW-B19", kind: "stalled" });
    expect(why?.message).toContain("by 3 BMCs (a, b, c)");
  });

  it("a changed secret begins anew, and another secret was never refused", async () => {
    const ledger = new RefusalLedger(1, { clock: CLOCK });
    await ledger.enter(aLogin("a", "k", "old"));
    await ledger.leave(aLogin("a", "k", "old"), "refused", NO);
    expect(await ledger.enter(aLogin("b", "k", "old"))).not.toBeNull();
    expect(await ledger.enter(aLogin("b", "k", "new"))).toBeNull();
    expect(await ledger.enter(aLogin("a", "other", "old"))).toBeNull();
  });

  it("a BMC that takes it makes it good for the others, not for the one that refused it", async () => {
    const ledger = new RefusalLedger(1, { clock: CLOCK });
    await ledger.enter(aLogin("a"));
    const b = ledger.enter(aLogin("b"));
    await ledger.leave(aLogin("a"), "accepted", null);
    expect(await b).toBeNull();
    // Ten at once.
    for (let n = 0; n < 10; n += 1) expect(await ledger.enter(aLogin(`n${n}`))).toBeNull();
    await ledger.leave(aLogin("n0"), "refused", NO);
    await ledger.leave(aLogin("n1"), "accepted", null);
    expect(await ledger.enter(aLogin("n0"))).toEqual(NO);
    expect(await ledger.enter(aLogin("n1"))).toBeNull();
  });

  it("ends for all who wait while other engines are busy, one of them asking for all", async () => {
    const clock = new FakeClock();
    const asked: string[] = [];
    const logins: LoginGuard = {
      waitMaxMs: 60_000,
      begin: ({ node }) => {
        asked.push(node.name);
        return Promise.resolve("wait");
      },
      end: () => Promise.resolve(),
    };
    const ledger = new RefusalLedger(3, { clock, logins });
    const ends = new Map<string, string>();
    const names = Array.from({ length: 40 }, (_, n) => `n${n}`);
    for (const name of names)
      void ledger.enter(aLogin(name)).then((why) => ends.set(name, `${why?.code} ${why?.message}`));
    await turns();
    for (let second = 0; second < 59; second += 1) {
      clock.advance(1000);
      await turns();
    }
    expect(ends.size).toBe(0);
    expect(asked.length).toBeLessThan(40 + 60);
    for (let second = 0; second < 3; second += 1) {
      clock.advance(1000);
      await turns();
    }
    expect([...ends.keys()].sort()).toEqual([...names].sort());
    expect(ends.get("n7")).toMatch(/IW-B19 .*; try again, or .*: ironwright retry n7/);
  });

  it("lets all go on when whoever asked for all is let through, or gives up", async () => {
    const clock = new FakeClock();
    let answer: "go" | "wait" = "wait";
    const logins: LoginGuard = {
      waitMaxMs: 60_000,
      begin: () => Promise.resolve(answer),
      end: () => Promise.resolve(),
    };
    const ledger = new RefusalLedger(3, { clock, logins });
    const ends: string[] = [];
    const go = async (name: string): Promise<void> => {
      const why = await ledger.enter(aLogin(name));
      ends.push(`${name} ${why?.code ?? "let through"}`);
      if (why === null) await ledger.leave(aLogin(name), "accepted", null);
    };
    void go("first");
    await turns();
    clock.advance(30_000);
    await turns();
    for (const name of ["b", "c", "d", "e"]) void go(name);
    await turns();
    for (let second = 0; second < 31; second += 1) {
      clock.advance(1000);
      await turns();
    }
    expect(ends).toEqual(["first IW-B19"]);
    answer = "go";
    clock.advance(1000);
    await turns();
    expect(ends.slice(1).sort()).toEqual(["b", "c", "d", "e"].map((name) => `${name} let through`));
  });

  it("keeps no place of a login that could not be asked about, and a leave throws nothing", async () => {
    let isBroken = true;
    const told: string[] = [];
    const logins: LoginGuard = {
      waitMaxMs: 60_000,
      begin: () => (isBroken ? Promise.reject(new Error("a bug")) : Promise.resolve("go")),
      end: () => Promise.reject(new Error("the disk is gone")),
    };
    const debug = (message: string): void => void told.push(message);
    const ledger = new RefusalLedger(1, { clock: CLOCK, logins, debug });
    await expect(ledger.enter(aLogin("a"))).rejects.toThrow("a bug");
    isBroken = false;
    expect(await ledger.enter(aLogin("a"))).toBeNull();
    const b = ledger.enter(aLogin("b"));
    await ledger.leave(aLogin("a"), "other", null);
    expect(await b).toBeNull();
    expect(told).toEqual(["a: it was not written down what came of a login: the disk is gone"]);
  });

  it("what comes of a secret of before leaves the tries of the new one counted", async () => {
    const ended: string[] = [];
    const logins: LoginGuard = {
      waitMaxMs: 60_000,
      begin: () => Promise.resolve("alone"),
      end: ({ node }, verdict) => Promise.resolve(void ended.push(`${node.name} ${verdict}`)),
    };
    const ledger = new RefusalLedger(1, { clock: new FakeClock(), logins });
    expect(await ledger.enter(aLogin("a", "k", "old"))).toBeNull();
    expect(await ledger.enter(aLogin("b", "k", "new"))).toBeNull();
    await ledger.leave(aLogin("a", "k", "old"), "refused", NO);
    let third: unknown = "waits";
    void ledger.enter(aLogin("c", "k", "new")).then((why) => (third = why));
    await turns();
    expect(third).toBe("waits");
    await ledger.leave(aLogin("b", "k", "new"), "refused", NO);
    await turns();
    expect(third).toMatchObject({ code: "IW-B19", message: expect.stringContaining("(b)") });
    // The store would take it for a refusal of the new one.
    expect(ended).toEqual(["a other", "b refused"]);
  });
});
