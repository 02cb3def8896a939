/** All turns of some work at once. */
export function allTurns<T>(turns: Generator<undefined, T, undefined>): T {
  for (;;) {
    const { done, value } = turns.next();
    if (done === true) return value;
  }
}
