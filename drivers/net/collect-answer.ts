import type { IncomingHttpHeaders } from "node:http";
import type { Dispatcher } from "undici";

/** What came back, or by which error code of the fault table it did not. */
export type Collected =
  | {
      readonly done: true;
      readonly status: number;
      readonly headers: IncomingHttpHeaders;
      readonly body: Buffer;
    }
  | { readonly done: false; readonly code: string; readonly error: unknown };

/** An error of this wire, named by its code in the fault table. */
export class WireError extends Error {
  readonly code: string;

  constructor(code: string) {
    super(code);
    this.code = code;
  }
}

/** Takes one answer off undici, counting its bytes; settles once. */
export class AnswerCollector implements Dispatcher.DispatchHandler {
  readonly #settle: (collected: Collected) => void;
  readonly #bytesMax: number;
  readonly #chunks: Buffer[] = [];
  #controller: Dispatcher.DispatchController | null = null;
  #ended: WireError | null = null;
  #settled = false;
  #status = 0;
  #headers: IncomingHttpHeaders = {};
  #bytes = 0;

  constructor(bytesMax: number, settle: (collected: Collected) => void) {
    this.#bytesMax = bytesMax;
    this.#settle = settle;
  }

  /** Gives the request up: at its time limit or on a signal. */
  end(code: string): void {
    this.#ended = new WireError(code);
    this.#controller?.abort(this.#ended);
    this.#answer({ done: false, code, error: this.#ended });
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#ended !== null) controller.abort(this.#ended);
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: IncomingHttpHeaders,
  ): void {
    // 1xx only announces the answer.
    if (status < 200) return;
    this.#status = status;
    this.#headers = headers;
    if (Number(headers["content-length"] ?? 0) > this.#bytesMax) this.end("IW_TOO_LARGE");
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#bytes += chunk.length;
    if (this.#bytes > this.#bytesMax) this.end("IW_TOO_LARGE");
    else this.#chunks.push(chunk);
  }

  onResponseEnd(): void {
    const body = this.#chunks.length === 1 ? this.#chunks[0] : undefined;
    this.#answer({
      done: true,
      status: this.#status,
      headers: this.#headers,
      body: body ?? Buffer.concat(this.#chunks),
    });
  }

  onResponseError(controller: Dispatcher.DispatchController, error: Error): void {
    const cutOff = this.#status !== 0 && !(error instanceof WireError);
    const code = "code" in error && typeof error.code === "string" ? error.code : error.name;
    this.#answer({ done: false, code: cutOff ? "IW_CUT_OFF" : code, error });
  }

  #answer(collected: Collected): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#settle(collected);
  }
}
