/**
 * ssh_config(5), PATTERNS: patterns with commas between, of which `*` is any text and `?` one character; one that is
 * negated by `!` and fits makes the whole list not fit.
 */
export function fitsPatternList(text: string, list: string): boolean {
  const patterns = list.split(",");
  const isDenied = patterns.some((one) => one.startsWith("!") && fits(text, one.slice(1)));
  return !isDenied && patterns.some((one) => !one.startsWith("!") && fits(text, one));
}

/** Goes back to the last star alone, so that no pattern takes longer than the product of the lengths. */
function fits(text: string, pattern: string): boolean {
  let [at, from] = [0, 0];
  let [star, resume] = [-1, 0];
  while (at < text.length) {
    const wanted = pattern[from];
    if (wanted === "*") {
      [star, resume] = [from, at];
      from += 1;
    } else if (wanted === "?" || wanted === text[at]) {
      at += 1;
      from += 1;
    } else if (star !== -1) {
      resume += 1;
      [from, at] = [star + 1, resume];
    } else return false;
  }
  return /^\**$/.test(pattern.slice(from));
}
