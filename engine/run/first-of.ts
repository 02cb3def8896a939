/** A signal that aborts with the first of others. */
export interface FirstOf {
  readonly signal: AbortSignal;
  /** Aborts it now. */
  readonly end: () => void;
  /** To be called once nobody waits for it: until then the others hold on to it. */
  readonly letGo: () => void;
}

/** By hand: dependents of AbortSignal.any stay with a signal that outlives them for days, and a daemon makes four a second. */
export function firstOf(...signals: readonly AbortSignal[]): FirstOf {
  const ended = new AbortController();
  const end = (): void => ended.abort();
  for (const signal of signals) signal.addEventListener("abort", end, { once: true });
  if (signals.some(({ aborted }) => aborted)) end();
  const letGo = (): void => {
    for (const signal of signals) signal.removeEventListener("abort", end);
  };
  return { signal: ended.signal, end, letGo };
}
