import picocolors from "picocolors";

/** Colours by meaning; each also works as plain text, for colour never carries meaning alone. */
export interface Palette {
  readonly lost: (text: string) => string;
  readonly notDone: (text: string) => string;
  readonly good: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly bold: (text: string) => string;
}

/** The palette of a terminal, or one that changes nothing. */
export function palette(enabled: boolean): Palette {
  const c = picocolors.createColors(enabled);
  return { lost: c.red, notDone: c.yellow, good: c.green, dim: c.dim, bold: c.bold };
}
