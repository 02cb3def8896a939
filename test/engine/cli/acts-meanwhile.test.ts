import { expect, test } from "vitest";
import type { CheckpointName } from "../../../engine/run/ports.ts";
import { GoldenHouse } from "../../support/golden-house.ts";
import { tempDir } from "../../support/temp-dir.ts";
import { type TempRepo, tempRepo } from "../../support/temp-repo.ts";

const SETTINGS = "limits: { resetSpacingSeconds: 0, powerOnSpacingSeconds: 0, settleSeconds: 0 }\n";

interface Room {
  readonly repo: TempRepo;
  readonly house: GoldenHouse;
  /** Runs a command at a terminal where the person says yes. */
  run(line: string, stopping?: AbortSignal): Promise<string>;
  power(name?: string): unknown;
  /** Somebody presses the button of n1. */
  press(to: "on" | "off"): void;
  /** Done once, at the next of these points. */
  at(point: CheckpointName, happens: () => void): void;
}

/** A room in which time passes only while somebody waits: n1 is managed, powered on, and said so in git. */
async function aRoom(
  more = "",
  documents: Readonly<Record<string, string>> = {},
  fake: object = {},
): Promise<Room> {
  const repo = await tempRepo({
    "ironwright.yaml": SETTINGS,
    "inventory/n1.yaml": aNode("n1", more, fake),
    ...documents,
  });
  let next: { readonly point: string; readonly happens: () => void } | null = null;
  const house = new GoldenHouse(repo.dir, tempDir(), {
    checkpoint: (point) => {
      if (point !== next?.point) return Promise.resolve();
      const { happens } = next;
      next = null;
      happens();
      return Promise.resolve();
    },
  });
  const change = (name: string, fields: object): void => {
    const state: unknown = JSON.parse(house.machines.get(name) ?? "{}");
    house.machines.set(name, JSON.stringify({ ...Object(state), ...fields }));
  };
  const room: Room = {
    repo,
    house,
    run: (line, stopping) =>
      house.run(line.split(" "), {
        columns: 200,
        answer: "yes",
        ...(stopping === undefined ? {} : { stopping }),
      }),
    power: (name = "n1") => {
      const state: unknown = JSON.parse(house.machines.get(name) ?? "{}");
      const { power, powering } = state as { power?: string; powering?: { to: string } | null };
      return powering?.to ?? power;
    },
    press: (to) => change("n1", { power: to, powering: null }),
    at: (point, happens) => (next = { point, happens }),
  };
  await room.run("init --nodes new");
  await repo.commit("the rack");
  const applied = await room.run("apply --yes");
  expect(applied).not.toContain("[exit");
  expect(room.power()).toBe("on");
  return room;
}

function aNode(name: string, more: string, fake: object = {}): string {
  const machine = { serial: `${name}-serial`, powerMs: 10_000, power: "on", ...fake };
  return `apiVersion: ironwright/v1
kind: Node
metadata: { name: ${name}, labels: { rack: r1 } }
spec:
  driver: fake
  fake: ${JSON.stringify(machine)}
  identity: { serial: ${name}-serial }
  provision: { state: manageable }
  power: on
${more}`;
}

test("node power off, of a machine that comes on while it is looked at: it is asked for, and off", async () => {
  const room = await aRoom();
  room.press("off");
  room.at("claimed", () => room.press("on"));
  const said = await room.run("node power off n1");
  expect(said).toMatch(/power\.off .*Power off n1 at once .*yes.*node power off: done/s);
  expect(said).not.toContain("already");
  expect(room.power()).toBe("off");
  expect((await room.run("holds")).match(/powered off/g)).toHaveLength(1);
});

test("node power on, of a machine that goes off while it is looked at, is sent", async () => {
  const room = await aRoom();
  room.at("claimed", () => room.press("off"));
  const said = await room.run("node power on n1");
  expect(said).toMatch(/Power on n1 .*yes.*node power on: done/s);
  expect(room.power()).toBe("on");
});

test("nothing is asked where nothing is to be done", async () => {
  const room = await aRoom();
  room.press("off");
  const said = await room.run("node power off n1");
  expect(said).not.toContain("Type yes");
  expect(said).toMatch(/it is off already; nothing was sent.*n1 is held/s);
});

const DEAF = { failures: ["power.softOff:ignored"] };

test("node power off waits for no graceful stop that was left running", async () => {
  const room = await aRoom("", {}, DEAF);
  const stopping = new AbortController();
  room.at("performed", () => stopping.abort());
  const left = await room.run("node power soft-off n1", stopping.signal);
  expect([left.includes("left running"), room.power()]).toEqual([true, "on"]);
  const began = room.house.time.now;
  await room.run("node power off n1 --yes");
  expect(room.power()).toBe("off");
  expect(room.house.time.now - began).toBeLessThan(60_000);
});

test("node power off ends a reboot that was cut off, whether it was on or off then", async () => {
  const room = await aRoom("  drift: { power: enforce }\n");
  for (const midway of ["on", "off"] as const) {
    const stopping = new AbortController();
    room.at("performed", () => stopping.abort());
    expect(await room.run("node power reboot n1", stopping.signal)).toMatch(
      /was begun and is not done.*power is on, in the middle of power.reboot.*exit 4/s,
    );
    room.press(midway);
    const off = await room.run("node power off n1 --yes");
    expect([off.includes("[exit"), room.power()]).toEqual([false, "off"]);
    expect(await room.run("apply --yes")).toContain("held (power)");
    expect(room.power()).toBe("off");
    expect(await room.run("node power on n1 --yes")).toContain("done.");
    expect([await room.run("plan"), room.power()]).toEqual([
      expect.stringContaining("Nothing to do."),
      "on",
    ]);
  }
});

test("where nobody can be asked, what is to be typed is what was typed", async () => {
  const room = await aRoom();
  const asked = (words: readonly string[]): Promise<string> =>
    room.house.run(words, { columns: 200, answer: null });
  const soft = ["node", "power", "soft-off", "n1", "--force-after", "60", "--reason", "it's hot"];
  expect(await asked(soft)).toContain(
    "then: ironwright node power soft-off n1 --force-after 60 --reason 'it'\\''s hot' --yes",
  );
  const steps = `[{"interface":"deploy","step":"erase_devices_metadata"}]`;
  expect(await asked(["node", "clean", "n1", "--claim", "--steps", steps])).toContain(
    `then: ironwright node clean n1 --steps '${steps}' --claim --yes --allow-erase 1`,
  );
});

test("a light voids no saved plan", async () => {
  const room = await aRoom();
  room.repo.write("inventory/n1.yaml", aNode("n1", "  boot: { device: pxe }\n"));
  await room.run("plan --out saved.plan");
  expect(await room.run("node led n1 on")).toContain("done.");
  expect(await room.run("apply saved.plan --yes")).toContain("1 node applied");
});

const CHILD = { "inventory/n2.yaml": aNode("n2", "  parent: n1\n") };

test("of a parent and a child, each refusal names the act that comes before it", async () => {
  const room = await aRoom("", CHILD);
  expect(await room.run("node power off n1 --yes")).toMatch(
    /before it: ironwright node power off n2; to cut .*exit 4/s,
  );
  expect(await room.run("node power reboot n1 --yes")).toMatch(/note .*cut the power of n2/s);
  await room.run("node power off n2 --yes");
  await room.run("node power off n1 --yes");
  expect([room.power("n1"), room.power("n2")]).toEqual(["off", "off"]);
  expect(await room.run("node power on n2 --yes")).toMatch(
    /before it: ironwright node power on n1 .*exit 4/s,
  );
});

test("a parent is powered off over a child whose BMC is silent, where somebody says so", async () => {
  const room = await aRoom("", CHILD);
  const silent = aNode("n2", "  parent: n1\n", { failures: ["observe"] });
  room.repo.write("inventory/n2.yaml", silent);
  await room.run("apply --yes --node n1");
  const refused = await room.run("node power off n1 --yes");
  expect(refused).toMatch(/whether n2 is on is not known.*--ignore-children.*exit 4/s);
  expect(room.power()).toBe("on");
  const off = await room.run("node power off n1 --yes --ignore-children");
  expect(off).toMatch(/note .*it goes off all the same: n2 draws its power from it.*done\./s);
  expect(room.power()).toBe("off");
  expect(await room.run("node power on n1 --ignore-children")).toContain("[exit 64]");
});

test("a hold that stands is told, also by an act that fails under it", async () => {
  const room = await aRoom("", {}, DEAF);
  await room.run("node power soft-off n1 --yes --timeout 30");
  const second = await room.run("node power soft-off n1 --yes --timeout 30 --json");
  const { status, hold } = JSON.parse(second.slice(0, second.indexOf("\n}") + 2)) as {
    status: string;
    hold: { id: string } | null;
  };
  expect(status).toBe("failed");
  expect(await room.run("holds")).toContain(hold?.id ?? "no hold");
});

test("another tree than the one in force: nothing is interrupted by its word, and a setting says so", async () => {
  const room = await aRoom();
  const { repo } = room;
  repo.write("inventory/n1.yaml", aNode("n1", "  traits: [CUSTOM_A]\n"));
  const commit = await repo.commit("a trait");
  await room.run("apply --yes");
  repo.write("inventory/n1.yaml", aNode("n1", "  boot: { device: pxe }\n"));
  const off = await room.run("node power off n1 --yes");
  expect(off).toMatch(
    new RegExp(`commit ${commit.slice(0, 7)} is in force.*an uncommitted tree.*IW-P17`, "s"),
  );
  expect(off).toMatch(/\[exit 4\]/);
  expect(room.power()).toBe("on");
  expect(await room.run("holds")).toContain("nothing is held");
  const boot = await room.run("node boot n1 --device cdrom");
  expect(boot).toMatch(/note .*is in force.*done\./s);
  const there = await room.run(`node power off n1 --yes --ref ${commit.slice(0, 7)}`);
  expect([there.includes("[exit"), room.power()]).toEqual([false, "off"]);
});
