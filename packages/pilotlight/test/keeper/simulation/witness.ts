import { type Credential, type Fingerprint, pairOf } from "../../../src/core/credential.ts";
import type { Outcome } from "../../../src/core/outcome.ts";
import type {
  GrantResult,
  JournalRecord,
  KeeperEvent,
  LoginRecord,
} from "../../../src/core/ports.ts";
import { credentialsFile } from "../../../src/claude/credentials-file.ts";
import { fingerprintOf } from "../../../src/claude/fingerprint.ts";
import type { IssuedLogin } from "./authority.ts";
import { type Stage, textOf } from "./disk.ts";
import type { Process } from "./process.ts";
import type { StagedCli } from "./staged-cli.ts";
import { whatWasDamaged } from "./damage.ts";
import { BEGIN } from "./begin.ts";
import type { World } from "./world.ts";

/** Longer than any port call takes, so that what was true this long was there to be seen. */
const LONG_ENOUGH = 60_000;

/** A build that tells nothing is asked again no sooner than this, in ms. */
const UNTOLD_PAUSE = 15 * 60_000;

/** More than the host's clock is ever wrong by, in ms. */
const WORST_CLOCK = 3 * 3_600_000;

interface Send {
  readonly cli: StagedCli;
  readonly isForced: boolean;
  /** Epoch ms of the intent by the host's clock, and by how much that was wrong then. */
  readonly at: number;
  readonly clockError: number;
  /** The keeper was told that the server surely did nothing with it. */
  isRefused: boolean;
  /** The build told nothing of how it went. */
  isUntold: boolean;
}

/** A generation that the server issued to a grant of ours and that is not in the store yet. */
interface Generation {
  readonly cli: StagedCli;
  readonly refreshToken: string;
}

/** Watches every effect and says when a promise is broken. */
export class Witness {
  readonly #world: World;
  readonly #sends = new Map<Fingerprint, Send[]>();
  readonly #running = new Set<StagedCli>();
  /** By the fingerprint of the access token. */
  readonly #open = new Map<Fingerprint, Generation>();
  /** Refresh tokens that the server has spent for a grant of ours whose answer nobody holds. */
  readonly #lost = new Set<Fingerprint>();
  readonly #spent = new Set<Fingerprint>();
  readonly #rejected = new Set<Fingerprint>();
  /** Access tokens that the server rejected, as we were told, and when (timeline ms). */
  readonly #unwelcome = new Map<Fingerprint, number>();
  #restoredAt = -Infinity;
  #storeSeen: string | null = null;
  #storeSince = 0;
  #brokenSince: number | null = null;

  constructor(world: World) {
    this.#world = world;
  }

  weatherChanged(): void {
    const { disk, timeline } = this.#world;
    const { isStoreWritable, isJournalWritable, isStageWritable } = disk;
    const isBroken = !isStoreWritable || !isJournalWritable || !isStageWritable;
    this.#brokenSince = isBroken ? (this.#brokenSince ?? timeline.now) : null;
  }

  /** After every effect of anybody. */
  look(what: string): void {
    const { disk, timeline } = this.#world;
    if (disk.store !== this.#storeSeen) {
      this.#storeSeen = disk.store;
      this.#storeSince = timeline.now;
    }
    for (const [access, generation] of this.#open) {
      if (!generation.cli.isAlive && !this.#isKept(access))
        this.#world.fail(`a generation issued to us must never be lost: ${access} after ${what}`);
    }
  }

  /** Our grant is about to send this token. */
  sent(keeper: Process, credential: Credential, cli: StagedCli): void {
    const { disk, timeline } = this.#world;
    const token = fingerprintIn(credential);
    this.#world.note(`${keeper.name} spends ${token}`);
    this.#world.count("grant");
    if (keeper.lookedAt < keeper.lockedAt)
      this.#fail("the store must be looked at again under the lock", token);
    if (this.#running.size > 0) this.#fail("at most one grant of ours may be in flight", token);
    if (this.#spent.has(token)) this.#fail("a spent token must never be sent", token);
    const intent = disk.journal;
    if (intent?.step !== "intent" || intent.from.refresh !== token)
      this.#fail("the intent must be on disk before the grant", token);
    const isBroken = this.#brokenSince !== null && timeline.now - this.#brokenSince > LONG_ENOUGH;
    if (isBroken && keeper.frozenFor === 0)
      this.#fail("nothing may be spent while the result could not be kept", token);
    const sends = this.#sends.get(token) ?? [];
    const told = sends.filter((send) => !send.isUntold);
    const before = told.filter((send) => !send.isRefused && !send.isForced).length;
    // A server that does not rotate takes the same token for ever.
    const isRotating = this.#world.authority.policy !== "not_rotating";
    const last = sends.at(-1);
    const isHasty =
      intent !== null &&
      last?.isUntold === true &&
      last.clockError === this.#world.clock.error &&
      intent.at - last.at < UNTOLD_PAUSE;
    if (isRotating && isHasty && !keeper.isForced)
      this.#fail("a build that tells nothing must be given a pause", token);
    const allowed = intent?.retried === true ? 1 : 0;
    if (isRotating && !keeper.isForced && before > allowed)
      this.#fail("no token may be sent twice, save once more after a doubt", token);
    if (intent?.retried === true && !keeper.isForced) this.#checkRetry(credential);
    const send = { cli, isForced: keeper.isForced, isRefused: false, isUntold: false };
    const clockError = this.#world.clock.error;
    this.#sends.set(token, [...sends, { ...send, at: intent?.at ?? timeline.now, clockError }]);
    this.#running.add(cli);
    this.#world.onGrant();
  }

  issued(cli: StagedCli, login: IssuedLogin): void {
    this.#world.note(`issued ${fingerprintOf(login.refreshToken)}`);
    const { refreshToken, accessToken } = login;
    this.#open.set(fingerprintOf(accessToken), { cli, refreshToken });
  }

  rejected(credential: Credential): void {
    this.#world.note(`invalid_grant for ${fingerprintIn(credential)}`);
    this.#rejected.add(fingerprintIn(credential));
  }

  /** The CLI of a grant is over; what it has not stored by now is lost in the one window that nobody can close. */
  ended(cli: StagedCli, credential: Credential, stage: Stage): void {
    const { disk, authority } = this.#world;
    this.#running.delete(cli);
    const token = fingerprintIn(credential);
    let isHeld = false;
    for (const [access, generation] of this.#open) {
      if (generation.cli !== cli) continue;
      if (this.#isKept(access)) isHeld = true;
      else if (isIn(stage.document, access) && stage !== disk.stage)
        this.#fail("a running grant's stage must not be taken away", token);
      else this.#open.delete(access);
    }
    const isSpent = !authority.isLive(textOf(credential.refreshToken));
    if (cli.isServed && !isHeld && isSpent && !this.#rejected.has(token)) {
      this.#world.note(`the answer for ${token} is lost`);
      this.#lost.add(token);
    }
    this.look("the staged CLI's end");
  }

  /** The keeper has heard how its grant went. */
  answered(cli: StagedCli, result: GrantResult): void {
    const name = result.kind === "failed" ? `${result.code}, ${result.spent}` : result.kind;
    this.#world.note(`the grant's result: ${name}`);
    if (result.kind !== "failed") return;
    for (const send of [...this.#sends.values()].flat()) {
      if (send.cli !== cli) continue;
      send.isRefused = result.spent === "no";
    }
  }

  stored(before: string | null, next: Credential): void {
    const { disk } = this.#world;
    const damage = whatWasDamaged(before, disk.store);
    this.#checkOverwriting(before, next);
    if (damage !== null) this.#world.fail(`a write of ours must damage nothing: ${damage}`);
    this.#world.note(`stored ${fingerprintIn(next)}`);
    if (next.accessToken !== null) this.#open.delete(next.accessToken.fingerprint);
  }

  #checkOverwriting(before: string | null, next: Credential): void {
    const { disk, authority } = this.#world;
    const entry = before === null ? null : credentialsFile.parse(before);
    if (entry?.state !== "present" || entry.credential.refreshToken === null) return;
    const { fingerprint } = entry.credential.refreshToken;
    const isTheirs = disk.journal === null || fingerprint !== disk.journal.from.refresh;
    const isNews = isTheirs && fingerprint !== next.refreshToken?.fingerprint;
    const isUsedUp = disk.record.spent.includes(fingerprint);
    if (isNews && !isUsedUp && authority.isLive(textOf(entry.credential.refreshToken)))
      this.#fail("somebody's newer login must not be overwritten", fingerprint);
  }

  archived(credential: Credential): void {
    const { disk, authority } = this.#world;
    const theirs = disk.login()?.refreshToken?.fingerprint;
    const isLiving = authority.isLive(textOf(credential.refreshToken));
    const isTheirsSpent = theirs !== undefined && this.#spent.has(theirs);
    this.#world.count("archived");
    this.#world.note(`archived ${fingerprintIn(credential)} in favour of ${theirs ?? "nothing"}`);
    if (isLiving && isTheirsSpent)
      this.#fail("a living generation must not yield to a spent one", theirs);
    if (credential.accessToken !== null) this.#open.delete(credential.accessToken.fingerprint);
  }

  journalChanges(next: JournalRecord | null): void {
    const { journal } = this.#world.disk;
    this.#world.note(`journal: ${next?.step ?? "clear"}`);
    const left = journal?.from.refresh ?? null;
    if (left !== null && this.#lost.has(left)) this.#checkDoubtIsTold(left, next);
    // What a keeper heard and died with is not known to the next.
    const token = next?.from.refresh ?? null;
    const sent = token === null ? undefined : this.#sends.get(token)?.at(-1);
    if (sent !== undefined && next?.step === "in_doubt")
      sent.isUntold = next.code === "refresh_unknown";
    if (next?.step !== "result" || next.from.refresh === null || next.issued === null) return;
    if (pairOf(next.issued).refresh === next.from.refresh) this.#sends.delete(next.from.refresh);
    else this.#spent.add(next.from.refresh);
  }

  remembers(record: LoginRecord, keeper: Process): void {
    const { verdict } = record;
    const known = this.#world.disk.record.verdict;
    if (verdict?.kind !== "ended" || known?.at === verdict.at) return;
    this.#lost.delete(verdict.refresh);
    if (!this.#rejected.has(verdict.refresh))
      this.#fail("only invalid_grant may end a login", verdict.refresh);
    const isCurrent = this.#world.disk.login()?.refreshToken?.fingerprint === verdict.refresh;
    if (!isCurrent && this.#livingForLong(keeper))
      this.#fail("a login with a newer living pair must not end", verdict.refresh);
  }

  told(event: KeeperEvent, keeper: Process): void {
    if (event.kind !== "outcome") {
      if (event.kind !== "grant_started") this.#world.count(event.kind);
      if (event.kind === "restored") this.#restoredAt = this.#world.timeline.now;
      return;
    }
    const { outcome } = event;
    this.#world.count(nameOf(outcome));
    const isBad = outcome.kind === "dead" || outcome.kind === "in_doubt";
    if (nameOf(outcome) !== "unchanged fresh")
      this.#world.note(`${keeper.name}: ${nameOf(outcome)}`);
    if (outcome.kind === "refreshed" || outcome.kind === "adopted") {
      const access = textOf(outcome.credential.accessToken);
      if (!this.#world.disk.history.some((document) => document.includes(`"${access}"`)))
        this.#world.fail("what is published must have been stored");
    }
    if (outcome.kind === "dead" && this.#livingForLong(keeper))
      this.#world.fail(`a living login must not be called dead (${outcome.code})`);
    if (outcome.kind === "unchanged") this.#checkFreshness(outcome.credential, keeper);
    if (isBad) this.#world.needsPerson = true;
    else if (outcome.kind !== "deferred") this.#world.needsPerson = false;
  }

  /** A job's word that the server rejected this access token is on disk. */
  rejectionNoted(access: Fingerprint): void {
    // A word from before the store last changed was about what is not there any more.
    if ((this.#unwelcome.get(access) ?? -1) < this.#storeSince)
      this.#unwelcome.set(access, this.#world.timeline.now);
  }

  /** A retry may cost what the access token has left; a blanked store has nothing left to lose. */
  #checkRetry({ accessToken, expiresAt }: Credential): void {
    const { authority, timeline } = this.#world;
    if (timeline.now - this.#restoredAt < LONG_ENOUGH || accessToken === null) return;
    const left = (expiresAt ?? 0) - BEGIN - timeline.now;
    if (left > WORST_CLOCK && authority.accepts(textOf(accessToken)))
      this.#fail("a token in doubt must not be tried again while jobs can go on", undefined);
  }

  #checkFreshness(credential: Credential | null, keeper: Process): void {
    const access = credential?.accessToken?.fingerprint;
    const since = access === undefined ? undefined : this.#unwelcome.get(access);
    if (since === undefined || since < this.#storeSince || keeper.frozenFor > 0) return;
    if (since < keeper.beganAt)
      this.#fail("a rejected access token must not be called fresh", access);
  }

  #checkDoubtIsTold(left: Fingerprint, next: JournalRecord | null): void {
    const isSame = next !== null && next.from.refresh === left;
    if (isSame && next.step !== "in_doubt") return;
    const live = this.#world.disk.login();
    const isSuperseded = live !== null && live.refreshToken?.fingerprint !== left;
    const isGone = this.#world.disk.store === null;
    if (!isSame && !isSuperseded && !isGone)
      this.#fail("a rotation lost in the window must be told as in doubt", left);
    this.#lost.delete(left);
  }

  #livingForLong(keeper: Process): boolean {
    const { disk, authority, timeline } = this.#world;
    if (keeper.frozenFor > 0 || disk.store !== this.#storeSeen) return false;
    const live = disk.login();
    if (live === null || timeline.now - this.#storeSince < LONG_ENOUGH) return false;
    // Sent by us and left behind in doubt: whether it lives cannot be known, and a backup brought it back.
    if (this.#sends.has(fingerprintIn(live))) return false;
    return authority.isLive(textOf(live.refreshToken));
  }

  #isKept(access: Fingerprint): boolean {
    const { disk } = this.#world;
    if (disk.journal?.issued?.accessToken?.fingerprint === access) return true;
    return isIn(disk.stage.document, access) || isIn(disk.store, access);
  }

  #fail(promise: string, token: Fingerprint | undefined): void {
    this.#world.fail(`${promise}: ${token}`);
  }
}

function fingerprintIn(credential: Credential): Fingerprint {
  return credential.refreshToken?.fingerprint ?? "sha256:none";
}

function isIn(document: string | null, access: Fingerprint): boolean {
  if (document === null) return false;
  const found = /"accessToken":"(sk-ant-oat01-[^"]*)"/.exec(document);
  return found?.[1] !== undefined && fingerprintOf(found[1]) === access;
}

function nameOf(outcome: Outcome): string {
  if (outcome.kind === "unchanged") return `unchanged ${outcome.reason}`;
  if (outcome.kind === "refreshed" || outcome.kind === "adopted") return outcome.kind;
  return `${outcome.kind} ${outcome.code}`;
}
