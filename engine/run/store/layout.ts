import { join } from "node:path";

/** Digits of a fence or a seq in a name: names sort as numbers do. */
const DIGITS = 16;

/** Where everything of a store lies. */
export class Layout {
  readonly dir: string;

  constructor(dir: string) {
    this.dir = dir;
  }

  /** All that the engines of a store share besides `store.json`: what `migrate store` moves to another backend. */
  get shared(): readonly string[] {
    return [
      this.instances,
      this.nodes,
      this.journals,
      this.register,
      this.allHolds,
      this.budgets,
      this.allocations,
      this.images,
      this.names,
      this.machines,
      this.used,
      this.counts,
      this.asks,
      this.logins,
      this.sealed,
      this.paces,
      this.marks,
      this.stop,
      this.acknowledged,
    ];
  }
  get storeFile(): string {
    return join(this.dir, "store.json");
  }
  get instances(): string {
    return join(this.dir, "inst");
  }
  get nodes(): string {
    return join(this.dir, "nodes");
  }
  get journals(): string {
    return join(this.dir, "journal");
  }
  get register(): string {
    return join(this.dir, "register");
  }
  get allHolds(): string {
    return join(this.dir, "holds");
  }
  get budgets(): string {
    return join(this.dir, "budgets");
  }
  get allocations(): string {
    return join(this.dir, "allocations");
  }
  allocation(name: string): string {
    return join(this.allocations, encodeURIComponent(name));
  }
  get images(): string {
    return join(this.dir, "images");
  }
  /** Names of Images are RFC 1123 labels, and so names of files. */
  image(name: string): string {
    return join(this.images, name);
  }
  get temporary(): string {
    return join(this.dir, "tmp");
  }
  get names(): string {
    return join(this.dir, "names");
  }
  get stop(): string {
    return join(this.dir, "stop");
  }
  get acknowledged(): string {
    return join(this.dir, "ack");
  }
  get readings(): string {
    return join(this.dir, "readings.json");
  }
  get daemonReadings(): string {
    return join(this.dir, "readings");
  }
  readingsOf(daemon: string): string {
    return join(this.daemonReadings, `${encodeURIComponent(daemon)}.json`);
  }
  get counts(): string {
    return join(this.dir, "counts");
  }
  /** What one daemon counts of what guards the fleet. */
  countOf(daemon: string): string {
    return join(this.counts, `${encodeURIComponent(daemon)}.json`);
  }
  get paces(): string {
    return join(this.dir, "paces");
  }
  pace(place: string, k: number): string {
    return join(this.paces, `${encodeURIComponent(place)}.${digits(k)}`);
  }
  get asks(): string {
    return join(this.dir, "asks");
  }
  /** A node that a person asked for. */
  ask(node: string): string {
    return join(this.asks, encodeURIComponent(node));
  }
  get logins(): string {
    return join(this.dir, "logins");
  }
  login(name: string): string {
    return join(this.logins, name);
  }
  get sealed(): string {
    return join(this.dir, "sealed");
  }
  /** Keys what is compared of secrets. */
  get loginKey(): string {
    return join(this.sealed, "logins.key");
  }
  get marks(): string {
    return join(this.dir, "marks");
  }
  /** What a host left in the store, and remembers elsewhere (`Witness`). */
  mark(nonce: string): string {
    return join(this.marks, nonce);
  }
  get machines(): string {
    return join(this.dir, "machines");
  }
  /** Keys of machines that are not new: of the whole inventory (`init`), or of a node that was forgotten, by its uuid. */
  machinesOf(what: string): string {
    return join(this.machines, `${what}.json`);
  }
  get used(): string {
    return join(this.dir, "used");
  }
  /** The requests that ran on a node which was forgotten. */
  usedOn(uuid: string): string {
    return join(this.used, `${uuid}.json`);
  }
  name(name: string, k: number): string {
    return join(this.names, `${encodeURIComponent(name)}.${digits(k)}`);
  }
  instance(inc: string): string {
    return join(this.instances, inc);
  }
  dead(inc: string): string {
    return join(this.instances, `${inc}.dead`);
  }
  node(uuid: string): string {
    return join(this.nodes, uuid.slice(0, 2), uuid);
  }
  claim(uuid: string, fence: number): string {
    return join(this.node(uuid), `claim.${digits(fence)}`);
  }
  /** A second name of the claim: it was given back. */
  released(uuid: string, fence: number): string {
    return `${this.claim(uuid, fence)}.released`;
  }
  record(uuid: string, fence: number): string {
    return join(this.node(uuid), `record.${digits(fence)}.json`);
  }
  history(uuid: string): string {
    return join(this.node(uuid), "history.jsonl");
  }
  holds(uuid: string): string {
    return join(this.allHolds, uuid);
  }
  hold(uuid: string, id: string): string {
    return join(this.holds(uuid), `${id}.json`);
  }
  budget(scope: string, place: number): string {
    return join(this.budgets, `${encodeURIComponent(scope)}.${place}`);
  }
  journal(inc: string): string {
    return join(this.journals, `${inc}.jsonl`);
  }
  entry(seq: number): string {
    return join(this.register, digits(seq));
  }
}

/**
 * `journal/<inc>.<times>`: an empty file beside a journal, with the number of times that it was written anew. Each time
 * the one before vanishes, which is how a reader learns of it; whoever reads it as a journal finds no line.
 */
export function journalMark(journal: string, times: number): string {
  return `${journal.replace(/\.jsonl$/, "")}.${digits(times)}`;
}

/** Incarnations that have a journal in a listing of `journal/`. */
export function journalsIn(names: readonly string[]): readonly string[] {
  return names.flatMap((name) => /^(.+)\.jsonl$/.exec(name)?.[1] ?? []);
}

/** A number whose names sort as it counts. */
export function digits(value: number): string {
  return String(value).padStart(DIGITS, "0");
}

const NAMES = {
  claim: /^claim\.(\d{16})$/,
  released: /^claim\.(\d{16})\.released$/,
  record: /^record\.(\d{16})\.json$/,
} as const;

/** Fences of the names of a kind in the listing of a node, lowest first. */
export function fencesIn(names: readonly string[], what: keyof typeof NAMES): readonly number[] {
  return names
    .flatMap((name) => NAMES[what].exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b);
}

/** Seqs of register entries in a listing, lowest first; what else lies there (a `.nfs` file) is no entry. */
export function entriesIn(names: readonly string[]): readonly number[] {
  return names
    .filter((name) => /^\d{16}$/.test(name))
    .map(Number)
    .sort((a, b) => a - b);
}

/** Generations of one engine's name in a listing of `names/`, lowest first. */
export function namesOf(listing: readonly string[], name: string): readonly number[] {
  const head = `${encodeURIComponent(name)}.`;
  const tails = listing.filter((one) => one.startsWith(head)).map((one) => one.slice(head.length));
  return entriesIn(tails);
}
