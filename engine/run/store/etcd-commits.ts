import {
  GRPCOutOfRangeError,
  type ICompare,
  type IKeyValue,
  type IRequestOp,
  type ITxnRequest,
} from "etcd3";
import { AnswerLost, type EtcdClient, type Patience } from "./etcd-client.ts";
import { endOf, firstSegment, isPart, PAGE_VALUES } from "./etcd-keys.ts";
import { EndUnknown, EngineKilled, StoreTrouble } from "./store-files.ts";

/** One change of one file, as a transaction that can be told to have been done or not. */
export interface Change {
  readonly key: string;
  /** Besides what every change compares; `since` is a revision of before it was sent. */
  readonly compare: (since: number) => readonly ICompare[];
  readonly ops: readonly IRequestOp[];
  /** By what the file is afterwards, when the answer was lost. */
  readonly isDone: (now: IKeyValue | null, since: number) => boolean;
}

/** Reads of one revision, and changes that are carried out once at most, however often their answer is lost. */
export class EtcdCommits {
  readonly client: EtcdClient;
  /** This process's own key, written to put an end to transactions whose answer was lost. */
  readonly #fenceKey: string;
  #fence = 0;
  /** The fence under which the last answer was lost: while it stands, what was sent then may be carried out. */
  #lost: number | null = null;

  constructor(client: EtcdClient, fenceKey: string) {
    this.client = client;
    this.#fenceKey = fenceKey;
  }

  /** A change that ends only when it is done: what stands against it is that the file is newer than was known. */
  async always(change: Change, guards: readonly string[]): Promise<void> {
    while (!(await this.commit(change, guards)));
  }

  /**
   * True when it is done; false when what it compares is otherwise. Throws EndUnknown where that cannot be told in time; the
   * next commit, at the latest the one that renews the lease, puts an end to what was sent before it does anything else.
   */
  async commit(change: Change, guards: readonly string[]): Promise<boolean> {
    const { client } = this;
    const patience = client.patience();
    if (this.#lost === this.#fence) await this.#raiseFence(this.#fence, patience);
    for (;;) {
      const since = client.revision;
      const fence = this.#fence;
      try {
        const answer = await client.txn(this.#request(change, { guards, since, fence }), patience);
        if (answer.succeeded) return true;
        const [mine, ...there] = answer.responses.map(({ response_range: { kvs } }) => kvs[0]);
        if (there.some((found) => found !== undefined)) throw new EngineKilled();
        const stands = Number(mine?.mod_revision ?? 0);
        if (stands === fence) return false;
        this.#fence = Math.max(this.#fence, stands);
      } catch (error) {
        if (!(error instanceof AnswerLost)) throw error;
        this.#lost = fence;
        if (await this.#wasDone(change, { since, fence, patience })) return true;
      }
    }
  }

  async #wasDone(
    { key, isDone }: Change,
    sent: { readonly since: number; readonly fence: number; readonly patience: Patience },
  ): Promise<boolean> {
    try {
      await this.#raiseFence(sent.fence, sent.patience);
      return isDone(await this.first(key, sent.patience), sent.since);
    } catch (error) {
      throw error instanceof StoreTrouble ? new EndUnknown(error) : error;
    }
  }

  #request(
    change: Change,
    {
      guards,
      since,
      fence,
    }: { readonly guards: readonly string[]; readonly since: number; readonly fence: number },
  ): ITxnRequest {
    const fenceKey = this.#fenceKey;
    const look = [fenceKey, ...guards];
    return {
      compare: [modIs(fenceKey, fence), ...guards.map(isAbsent), ...change.compare(since)],
      success: [...change.ops],
      failure: look.map((key) => ({ request_range: { key: bytes(key), keys_only: true } })),
    };
  }

  /** From now on nothing that was sent under the old fence can be carried out. */
  async #raiseFence(old: number, patience: Patience): Promise<void> {
    const { client } = this;
    const fenceKey = this.#fenceKey;
    while (this.#fence === old) {
      await client
        .txn({ compare: [modIs(fenceKey, old)], success: [put(fenceKey, Buffer.of())] }, patience)
        .catch((error: unknown) => {
          if (!(error instanceof AnswerLost)) throw error;
        });
      const now = Number((await this.first(fenceKey, patience))?.mod_revision ?? 0);
      this.#fence = Math.max(this.#fence, now);
    }
  }

  /** The file's own key, or the first of its segments. */
  async first(key: string, patience?: Patience): Promise<IKeyValue | null> {
    const found = await this.firstOfAll(key, patience);
    if (found === null || !isPart(found.key) || found.key.equals(bytes(key))) return found;
    // Parts lie before segments, and those that no value names yet, or never will, say nothing of these.
    return this.#firstIn(firstSegment(key), endOf(key), patience);
  }

  /** The same, or a part that no value names. */
  firstOfAll(key: string, patience?: Patience): Promise<IKeyValue | null> {
    return this.#firstIn(key, endOf(key), patience);
  }

  /** When a key was written last; 0 when it is not there. */
  async revisionOf(key: string): Promise<number> {
    const { kvs } = await this.client.range({ key: bytes(key), keys_only: true });
    return Number(kvs[0]?.mod_revision ?? 0);
  }

  async #firstIn(from: string, end: string, patience?: Patience): Promise<IKeyValue | null> {
    const range = { key: bytes(from), range_end: bytes(end), limit: 1 };
    return (await this.client.range(range, patience)).kvs[0] ?? null;
  }

  /** A file's key and pieces, page by page, all of the revision of the first. */
  async all(key: string): Promise<readonly IKeyValue[]> {
    const { client } = this;
    const range = { range_end: bytes(endOf(key)), limit: PAGE_VALUES };
    for (;;) {
      const first = await client.range({ ...range, key: bytes(key) });
      const found = [...first.kvs];
      try {
        for (let { more } = first; more;) {
          const from = `${found.at(-1)?.key.toString()}\0`;
          const { revision } = first.header;
          const page = await client.range({ ...range, key: bytes(from), revision });
          found.push(...page.kvs);
          more = page.more;
        }
        return found;
      } catch (error) {
        // That revision was compacted meanwhile.
        if (!(error instanceof GRPCOutOfRangeError)) throw error;
      }
    }
  }
}

export function bytes(key: string): Buffer {
  return Buffer.from(key);
}

export function put(key: string, value: Buffer): IRequestOp {
  return { request_put: { key: bytes(key), value } };
}

export function deleted(from: string, end: string): IRequestOp {
  return { request_delete_range: { key: bytes(from), range_end: bytes(end) } };
}

export function modIs(key: string, revision: number): ICompare {
  return { key: bytes(key), target: "Mod", result: "Equal", mod_revision: revision };
}

/** There is no such key. */
export function isAbsent(key: string): ICompare {
  return { key: bytes(key), target: "Create", result: "Equal", create_revision: 0 };
}

/** Nobody wrote any key of a range since: what somebody wrote later is not ours to remove. True also where there is none. */
export function noneNewer(from: string, end: string, since: number): ICompare {
  const range = { key: bytes(from), range_end: bytes(end) };
  return { ...range, target: "Mod", result: "Less", mod_revision: since + 1 };
}

/** It holds what was sent, and was written since. */
export function isOurs(now: IKeyValue | null, value: Buffer, since: number): boolean {
  return now !== null && Number(now.mod_revision) > since && now.value.equals(value);
}
