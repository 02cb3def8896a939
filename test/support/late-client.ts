import type { IRangeRequest, IRangeResponse, ITxnRequest, ITxnResponse } from "etcd3";
import { AnswerLost, EtcdClient, type Patience } from "../../engine/run/store/etcd-client.ts";
import { StoreTrouble } from "../../engine/run/store/store-files.ts";

/** A client whose member can be paused with a transaction in its hand, while no other answers. */
export class LateClient extends EtcdClient {
  readonly #late: ITxnRequest[] = [];
  #isCut = false;
  #isCutAtWrites = false;

  /** From now on transactions are kept, and nothing is answered. */
  cut(): void {
    this.#isCut = true;
  }

  /** The same from the next transaction on. */
  cutAtWrites(): void {
    this.#isCutAtWrites = true;
  }

  /** Answers come again; what was kept stays where it is. */
  heal(): void {
    this.#isCut = false;
    this.#isCutAtWrites = false;
  }

  /** The member goes on: what was kept is carried out, or refused, in order. */
  async release(): Promise<void> {
    for (const request of this.#late.splice(0)) await super.txn(request, this.patience());
  }

  override txn(request: ITxnRequest, patience: Patience): Promise<ITxnResponse> {
    this.#isCut ||= this.#isCutAtWrites;
    if (!this.#isCut) return super.txn(request, patience);
    this.#late.push(request);
    return Promise.reject(new AnswerLost(new Error("a paused member")));
  }

  override range(request: IRangeRequest, patience?: Patience): Promise<IRangeResponse> {
    if (!this.#isCut) return super.range(request, patience);
    return Promise.reject(new StoreTrouble("IW-S10", "etcd: it did not answer", "transient"));
  }
}
