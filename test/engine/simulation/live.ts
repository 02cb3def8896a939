import { hasWork } from "../../../engine/cli/plan-world.ts";
import type { NodePlan, Plan } from "../../../schemas/plan.ts";
import { Draw } from "./draw.ts";
import { changed } from "./draw-commit.ts";
import {
  type Content,
  type Declared,
  drawMachine,
  drawSpec,
  fleetOf,
  isValid,
} from "./draw-fleet.ts";
import { drawFailure } from "./draw-failure.ts";
import { drawAgentSteps } from "./draw-ramdisk.ts";
import { type Applied, LifeWorld, type Mishap } from "./life-world.ts";
import { plansLaw, recordsLaw, workloadsLaw } from "./rest-laws.ts";
import { differenceOf, leftOf, toldOf } from "./tell.ts";

/** What one life came to. */
export interface Lived {
  readonly seed: number;
  /** What happened, in order: read it when a law is broken. */
  readonly story: readonly string[];
  readonly broken: readonly string[];
  readonly events: number;
  readonly applies: number;
  readonly kills: number;
  readonly judged: LifeWorld["laws"]["judged"];
  /** Final provision states. */
  readonly ends: readonly string[];
}

/** Applies until nothing is left; more than the longest way has stations that must be asked for apart. */
const CALM_APPLIES = 12;
const MINUTE_MS = 60_000;

/** One life of one fleet, from its seed. */
export async function live(seed: number): Promise<Lived> {
  const draw = new Draw(seed);
  const life = new Life(draw);
  await life.begin();
  const count = draw.whole(10, 30);
  for (let event = 0; event < count && life.world.laws.broken.length === 0; event += 1)
    await life.happen();
  if (life.world.laws.broken.length === 0) await life.end();
  const { story, applies, kills, events, ends, world } = life;
  const { broken, judged } = world.laws;
  return { seed, story, broken, events, applies, kills, judged, ends };
}

class Life {
  readonly story: string[] = [];
  readonly ends: string[] = [];
  world: LifeWorld;
  events = 0;
  applies = 0;
  kills = 0;
  readonly #draw: Draw;
  /** Half of the lives know no fault but what people commit and press. */
  readonly #faulty: boolean;
  readonly #commits: Content[];
  #content: Content;
  /** Nodes that are declared only later: new ones. */
  readonly #later: [string, Declared][];
  #serials = 0;
  #requests = 0;

  constructor(draw: Draw) {
    this.#draw = draw;
    this.#faulty = draw.percent(60);
    const racks = draw.whole(1, 3);
    const machines = Array.from({ length: draw.whole(2, 6) }, () => this.#machine());
    const all = machines.map((machine, index): [string, Declared] => [
      `n${index + 1}`,
      { rack: `r${draw.whole(1, racks)}`, spec: drawSpec(draw, machine) },
    ]);
    const late = draw.percent(40) ? draw.whole(0, all.length - 1) : 0;
    this.#later = all.slice(all.length - late);
    this.#content = new Map(all.slice(0, all.length - late));
    this.#commits = [this.#content];
    this.world = new LifeWorld(
      fleetOf(this.#content, 0),
      draw.one(["new", "new", "existing"] as const),
    );
    for (const [index, machine] of machines.entries())
      this.world.hall.slots.set(`n${index + 1}`, machine);
    this.#tell(`${this.#content.size} ${this.world.nodes} nodes, ${late} later`);
    for (const [name, { rack, spec }] of all)
      this.#tell(`${name} in ${rack}: ${JSON.stringify(spec)}`);
  }

  async begin(): Promise<void> {
    await this.world.init();
    await this.#apply();
  }

  async happen(): Promise<void> {
    this.events += 1;
    const faulty = this.#faulty ? 1 : 0;
    const kind = this.#draw.weighted({
      commit: 50,
      revert: 8,
      later: this.#later.length > 0 ? 10 : 0,
      remove: 1,
      press: 8,
      disk: 3,
      time: 8,
      hold: 4,
      release: 6,
      retry: 5 * faulty,
      swap: 3 * faulty,
      machine: 3 * faulty,
      ramdisk: 4,
      silence: 4 * faulty,
      failure: 14 * faulty,
      mend: 8 * faulty,
    });
    await this[kind]();
    if (this.#draw.percent(90)) await this.#apply();
    this.#judge("after it", await recordsLaw(this.world));
  }

  /** Mostly of one node; now and then of all, as an edit of a profile is. */
  commit(): void {
    const chosen = this.#draw.percent(75) ? [this.#node()] : [...this.#content];
    const next = new Map(this.#content);
    const told = chosen.map(([name, { rack, spec }]) => {
      const after = this.#changed(name, spec);
      next.set(name, { rack, spec: after });
      return `${name} ${differenceOf(spec, after)}`;
    });
    this.#put(next, told.join("; "));
  }

  #changed(name: string, spec: Declared["spec"]): Declared["spec"] {
    this.#requests += 1;
    return changed(this.#draw, {
      spec,
      record: this.world.laws.record(this.#declared(name).uuid),
      serial: this.world.hall.at(name).serial,
      now: this.world.time.now,
      id: `ask-${this.#requests}`,
    });
  }

  revert(): void {
    const earlier = this.#draw.one(this.#commits);
    this.#put(earlier, `revert to commit ${this.#commits.indexOf(earlier)}`);
  }

  later(): void {
    const next = this.#later.shift();
    if (next !== undefined) this.#put(new Map([...this.#content, next]), `declare ${next[0]}`);
  }

  remove(): void {
    const [name] = this.#node();
    if (this.#content.size < 2) return;
    this.#put(new Map([...this.#content].filter(([other]) => other !== name)), `remove ${name}`);
    this.world.laws.forgive(name);
  }

  press(): void {
    const [name] = this.#node();
    this.#tell(`the power button of ${name} is pressed`);
    this.world.hall.press(this.#declared(name));
  }

  disk(): void {
    const [name] = this.#node();
    const machine = this.world.hall.at(name);
    const { disks = [] } = machine.fake;
    if (disks.length > 1 && this.#draw.percent(30)) {
      machine.robbed = true;
      machine.fake = { ...machine.fake, disks: disks.slice(0, -1) };
      this.#tell(`a disk is pulled out of ${name}`);
      return;
    }
    const serial = `${machine.serial}-X${disks.length}`;
    machine.fake = {
      ...machine.fake,
      disks: [
        ...disks.filter((disk) => disk.serial !== serial),
        { serial, name: "sdx", sizeBytes: 8e12 },
      ],
    };
    this.#tell(`the disk ${serial} is put into ${name}`);
  }

  async time(): Promise<void> {
    const minutes = this.#draw.one([1, 30, 60, 600, 3000]);
    this.#tell(`${minutes} min pass`);
    await this.world.pass(minutes * MINUTE_MS);
  }

  async hold(): Promise<void> {
    const [name] = this.#node();
    const scope = this.#draw.one(["all", "power", "reboot", "destructive"] as const);
    this.#tell(`hold ${name} (${scope})`);
    await this.world.hold(this.#declared(name).uuid, scope);
  }

  async release(): Promise<void> {
    const [name] = this.#node();
    this.#tell(`release ${name}`);
    await this.world.release(this.#declared(name).uuid, name);
  }

  async retry(): Promise<void> {
    const [name] = this.#node();
    this.#tell(`retry ${name}`);
    await this.world.retry(this.#declared(name).uuid, name);
  }

  swap(): void {
    const names = [...this.world.hall.slots.keys()];
    const [one, other] = [this.#draw.one(names), this.#draw.one(names)];
    this.#tell(`${one} and ${other} change their machines`);
    this.world.hall.swap(one, other);
  }

  machine(): void {
    const [name] = this.#node();
    const machine = this.#machine();
    this.#tell(`another machine, ${machine.serial}, stands at ${name}`);
    this.world.hall.slots.set(name, machine);
  }

  ramdisk(): void {
    const [name] = this.#node();
    const machine = this.world.hall.at(name);
    machine.fake = { ...machine.fake, agentSteps: drawAgentSteps(this.#draw) };
    this.#tell(`the ramdisk of ${name} names ${JSON.stringify(machine.fake.agentSteps)}`);
  }

  silence(): void {
    const [name] = this.#node();
    this.#break(name, "observe");
  }

  failure(): void {
    const [name] = this.#node();
    this.#break(name, drawFailure(this.#draw));
  }

  mend(): void {
    const [name] = this.#node();
    this.#tell(`${name} is mended`);
    this.#repair(name);
  }

  /** All that was broken is mended and let go; what is left must come to rest, and say why where it does not. */
  async end(): Promise<void> {
    this.#judge("as it stands", await plansLaw(this.world));
    for (const { name, uuid } of this.world.fleet.nodes) {
      this.#repair(name);
      await this.world.release(uuid ?? "", name);
      await this.world.retry(uuid ?? "", name);
    }
    this.#tell("all is mended, released and tried again");
    let { plan } = (await this.world.plan()).planned;
    for (let count = 0; count < CALM_APPLIES && !isAtRest(plan); count += 1) {
      await this.#applyOnce({ claims: "all" });
      ({ plan } = (await this.world.plan()).planned);
    }
    if (!isAtRest(plan)) this.#judge("it does not come to rest", [leftOf(plan)]);
    this.#judge("mended", await plansLaw(this.world));
    this.#judge("mended", workloadsLaw(this.world));
    this.ends.push(...plan.nodes.map(({ provisionState }) => provisionState));
  }

  #judge(when: string, broken: readonly string[]): void {
    this.world.laws.broken.push(...broken.map((what) => `${when}: ${what}`));
  }

  async #apply(): Promise<void> {
    const draw = this.#draw;
    const mishap = this.#mishap();
    const claims = draw.percent(30) ? "all" : undefined;
    await this.#applyOnce({ claims, mishap });
  }

  async #applyOnce(asked: {
    readonly claims: "all" | undefined;
    readonly mishap?: Mishap | null;
  }): Promise<void> {
    this.applies += 1;
    let applied = await this.world.apply(asked);
    this.#told(applied);
    // As the refusal says: a revert to the time before most nodes is meant, and their number is named.
    const removes = applied.plan?.refused.find(({ code }) => code === "IW-P10")?.message;
    const count = /--accept-removal (\d+)/.exec(removes ?? "")?.[1];
    if (count !== undefined) {
      applied = await this.world.apply({ claims: asked.claims, acceptRemoval: Number(count) });
      this.#told(applied);
    }
    const over = applied.plan?.refused.some(({ code }) => code === "IW-P02") === true;
    const first = over ? applied.plan?.nodes.find(erases) : undefined;
    // As the refusal says: a part that fits.
    if (first !== undefined) {
      const part = await this.world.apply({ claims: asked.claims, select: new Set([first.node]) });
      this.#told(part);
    }
  }

  #told(applied: Applied): void {
    if (applied.killed) this.kills += 1;
    this.#tell(toldOf(applied));
    const { result } = applied;
    if (result !== null && !result.ok) this.#judge("apply was refused", [result.failure.message]);
  }

  #mishap(): Mishap | null {
    const draw = this.#draw;
    const moment = Math.floor(draw.next() ** 2 * 400) + 1;
    if (this.#faulty && draw.percent(25)) return { moment, what: "kill" };
    if (!this.#faulty || !draw.percent(15)) return null;
    const [name] = this.#node();
    return {
      moment,
      what: () => {
        this.#tell(`meanwhile the power button of ${name} is pressed`);
        this.world.hall.press(this.#declared(name));
      },
    };
  }

  #machine(): ReturnType<typeof drawMachine> {
    this.#serials += 1;
    return drawMachine(this.#draw, `M${this.#serials}`);
  }

  #node(): [string, Declared] {
    return this.#draw.one([...this.#content]);
  }

  #declared(name: string): LifeWorld["fleet"]["nodes"][number] & { readonly uuid: string } {
    const node = this.world.fleet.nodes.find((one) => one.name === name);
    if (node === undefined || node.uuid === null) throw new Error(`${name} is not declared`);
    return { ...node, uuid: node.uuid };
  }

  /** A commit is put where the next apply finds it, if it is valid. */
  #put(next: Content, what: string): void {
    const fleet = fleetOf(next, this.#commits.length);
    if (!isValid(fleet)) return;
    this.#content = next;
    this.world.fleet = fleet;
    this.#commits.push(next);
    this.#tell(`commit ${this.#commits.length - 1}: ${what}`);
  }

  #break(name: string, failure: string): void {
    const machine = this.world.hall.at(name);
    machine.fake = { ...machine.fake, failures: [...(machine.fake.failures ?? []), failure] };
    this.#tell(`${name} (${machine.serial}) breaks: ${failure}`);
  }

  #repair(name: string): void {
    const machine = this.world.hall.at(name);
    machine.fake = { ...machine.fake, failures: [] };
  }

  #tell(what: string): void {
    this.story.push(what);
  }
}

function erases({ inService, steps }: NodePlan): boolean {
  return inService && steps.some(({ impact }) => impact === "destructive");
}

function isAtRest(plan: Plan): boolean {
  return plan.refused.length === 0 && !hasWork(plan);
}
