/** How a repository is reached. */
export type GitTransport = "http" | "git" | "path";

/** `git@host:inventory.git`, which is ssh; a path has no colon before its first slash. */
const SCP_LIKE = /^(?:([^/@:\s]+)@)?([^/@:\s]+):(?!\/\/)/;
const SCHEME = /^([a-z][a-z0-9+.-]*):\/\//i;

/** By http, by the `git` command over a wire, or a path of this host. */
export function gitTransport(url: string): GitTransport {
  const scheme = SCHEME.exec(url)?.[1]?.toLowerCase();
  if (scheme === "http" || scheme === "https") return "http";
  if (scheme === "file") return "path";
  return scheme !== undefined || SCP_LIKE.test(url) ? "git" : "path";
}

/** The path of a repository on this host, as it is written; null for any other. */
export function gitPath(url: string): string | null {
  if (gitTransport(url) !== "path") return null;
  return url.replace(/^file:\/\/(?:localhost)?/i, "");
}

/** What is wrong with the address of a repository, or null. It quotes nothing of it: there may be a password in it. */
export function gitUrlProblem(url: string): string | null {
  // git would take it for an option, or for the name of a program (`ext::sh`).
  if (
    url === "" ||
    url.startsWith("-") ||
    /^[a-z][a-z0-9+.-]*::/i.test(url) ||
    /\p{Cc}|\s/u.test(url)
  )
    return "it is no address of a repository; write https://HOST/PATH, ssh://USER@HOST/PATH, USER@HOST:PATH, or a path";
  const scheme = SCHEME.exec(url)?.[1]?.toLowerCase();
  if (scheme === undefined) return null;
  if (!["http", "https", "ssh", "file"].includes(scheme))
    return `${scheme}:// is not spoken; write https://, ssh://, file://, USER@HOST:PATH or a path`;
  const user = /^[^/?#]*@/.exec(url.slice(scheme.length + 3))?.[0] ?? "";
  if (scheme.startsWith("http") && user !== "")
    return "there is a user or a token in the address, and git would show it to everybody; take it out, and write credentials: { username: NAME, password: { env: NAME } } beside it";
  if (user.includes(":"))
    return "there is a password in the address, and git would show it to everybody; take it out, and use a key of ssh";
  return null;
}
