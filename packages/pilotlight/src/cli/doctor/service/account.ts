import { readSmallText } from "../../../disk/read-small-text.ts";

/** A user of this machine. */
export interface Account {
  readonly name: string;
  readonly uid: number;
  readonly home: string;
  readonly shell: string;
}

/** By name or number, from /etc/passwd: asking the system for others would start a process. */
export async function accountOf(user: string): Promise<Account | null> {
  const text = await readSmallText("/etc/passwd").catch(() => "");
  for (const line of text.split("\n")) {
    const [name = "", , uid, , , home = "", shell = ""] = line.split(":");
    if (name === user || uid === user) return { name, uid: Number(uid), home, shell };
  }
  return null;
}
