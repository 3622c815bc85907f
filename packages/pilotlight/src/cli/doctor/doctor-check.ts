import { commandFor } from "../../core/login-command.ts";
import type { LoginConfig } from "../config.ts";
import type { Finding } from "./finding.ts";
import type { LoginWorld, World } from "./world.ts";

/** A finding, and the login it is about; `null` where it is about the machine. */
export type PlacedFinding = Finding & { readonly login: string | null };

/** One thing that doctor looks at. Read-only: no write, no network, no process, but for what `--online` adds. */
export interface DoctorCheck {
  /** Kebab-case; users have it in their scripts. */
  readonly id: string;
  readonly title: string;
  /** Numbers in the catalogue of failure modes. */
  readonly fm: readonly string[];
  run(world: World): Promise<readonly PlacedFinding[]>;
}

/** What a check is made of: `gather` looks, `judge` is pure and decides. */
interface Parts<W, F> {
  readonly id: string;
  readonly title: string;
  readonly fm: readonly string[];
  readonly gather: (world: W) => F | Promise<F>;
  readonly judge: (facts: F) => readonly Finding[];
}

/** A check of the machine. */
export function machineCheck<F>(parts: Parts<World, F>): DoctorCheck {
  const { id, title, fm, gather, judge } = parts;
  return {
    id,
    title,
    fm,
    run: async (world) =>
      judge(await gather(world)).map((finding) => ({ ...finding, login: null })),
  };
}

/** A check that is made for each login: all at once, or `isInTurn`, where each of them costs a program. */
export function loginCheck<F>(
  parts: Parts<LoginWorld, F> & { readonly isInTurn?: boolean },
): DoctorCheck {
  const { id, title, fm, gather, judge, isInTurn = false } = parts;
  const look = async (login: LoginWorld): Promise<readonly PlacedFinding[]> =>
    judge(await gather(login)).map((finding) => placed(finding, login.login));
  return {
    id,
    title,
    fm,
    async run({ logins }) {
      if (!isInTurn) return (await Promise.all(logins.map(look))).flat();
      const found: PlacedFinding[] = [];
      for (const login of logins) found.push(...(await look(login)));
      return found;
    },
  };
}

function placed(finding: Finding, { name, dir }: LoginConfig): PlacedFinding {
  return {
    ...finding,
    command: commandFor(finding.command, { name, configDir: dir }),
    login: name,
  };
}
