/** Who runs a unit: the system's own manager, or that of one user. */
export interface UnitManager {
  readonly isUser: boolean;
  /** `null` for one without a name on this machine. */
  readonly user: string | null;
  readonly uid: number | null;
  readonly home: string;
}

/**
 * Replaces the specifiers in a value of the unit `name` (`bot@one.service`); one that is not known stays.
 * They are about the manager, whatever `User=` says.
 * @see systemd.unit(5), "Specifiers"
 */
export function replaceSpecifiers(text: string, name: string, manager: UnitManager): string {
  const known: Readonly<Record<string, string | null>> = {
    "%": "%",
    ...namesIn(name),
    ...placesOf(manager),
    u: manager.user,
    U: manager.uid === null ? null : String(manager.uid),
    h: manager.home,
  };
  return text.replace(/%(.)/g, (whole, letter: string) => known[letter] ?? whole);
}

function namesIn(name: string): Record<string, string> {
  const bare = name.replace(/\.\w+$/, "");
  const [, prefix = bare, instance = ""] = /^(.*?)@(.*)$/.exec(bare) ?? [];
  const last = prefix.slice(prefix.lastIndexOf("-") + 1);
  return {
    n: name,
    N: bare,
    p: prefix,
    P: unescaped(prefix),
    i: instance,
    I: unescaped(instance),
    j: last,
    J: unescaped(last),
  };
}

function placesOf({ isUser, uid, home }: UnitManager): Record<string, string | null> {
  if (!isUser) return { t: "/run", S: "/var/lib", C: "/var/cache", L: "/var/log", E: "/etc" };
  return {
    t: uid === null ? null : `/run/user/${uid}`,
    S: `${home}/.local/state`,
    C: `${home}/.cache`,
    L: `${home}/.local/state/log`,
    E: `${home}/.config`,
  };
}

/** `srv-my\x2dbot` is `srv/my-bot` (systemd-escape(1)). */
function unescaped(text: string): string {
  return text
    .replaceAll("-", "/")
    .replace(/(?:\\x[0-9a-f]{2})+/gi, (bytes) =>
      Buffer.from(bytes.replaceAll("\\x", ""), "hex").toString(),
    );
}
