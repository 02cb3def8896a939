/** Work under way for one key, and the one that begins when it has ended. */
interface Running<T> {
  readonly now: Promise<T>;
  next: Promise<T> | null;
}

/**
 * Work of which one run serves everybody who asked before it began: a sync of a directory covers all that was
 * done in it until then, and what is read for one check is as fresh as another needs it. Who asks while one
 * runs waits for the next.
 */
export function grouped<T>(work: (key: string) => Promise<T>): (key: string) => Promise<T> {
  const running = new Map<string, Running<T>>();
  const begin = (key: string): Promise<T> => {
    const now = work(key);
    const mine: Running<T> = { now, next: null };
    running.set(key, mine);
    const end = (): void => {
      if (running.get(key) === mine) running.delete(key);
    };
    now.then(end, end);
    return now;
  };
  return (key) => {
    const other = running.get(key);
    if (other === undefined) return begin(key);
    const after = (): Promise<T> => begin(key);
    other.next ??= other.now.then(after, after);
    return other.next;
  };
}
