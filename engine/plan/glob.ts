/** True when text as a whole is as the pattern: `*` stands for anything, `?` for one character. */
export function matchesGlob(pattern: string, text: string): boolean {
  let at = 0;
  let here = 0;
  let star = -1;
  let resume = 0;
  while (here < text.length) {
    if (at < pattern.length && pattern[at] === "*") {
      star = at;
      resume = here;
      at += 1;
    } else if (at < pattern.length && (pattern[at] === "?" || pattern[at] === text[here])) {
      at += 1;
      here += 1;
    } else if (star !== -1) {
      // The last star takes one character more: no earlier one ever has to.
      at = star + 1;
      resume += 1;
      here = resume;
    } else return false;
  }
  while (pattern[at] === "*") at += 1;
  return at === pattern.length;
}
