import { credentialsFile } from "../../../src/claude/credentials-file.ts";
import { type Credential, isBlanked, isSamePair, pairOf } from "../../../src/core/credential.ts";
import type { GrantProcess, GrantResult, RefreshGrant, Remains } from "../../../src/core/ports.ts";
import type { ErrorCode } from "../../../src/core/errors.ts";
import { PilotlightError } from "../../../src/core/errors.ts";
import { GRANT_PATIENCE } from "../../../src/core/schedule.ts";
import { blanked, credentialFrom, type Stage, textOf } from "./disk.ts";
import { post } from "./endpoint.ts";
import type { Process } from "./process.ts";
import type { World } from "./world.ts";

/** The CLI that carries out a grant in the stage. It is a process of its own: no crash of a keeper ends it. */
export class StagedCli {
  readonly id: GrantProcess;
  isAlive = true;
  /** What its debug file tells of a refusal. */
  refusal: ErrorCode | null = null;
  /** Its debug file tells of a lost answer. */
  isLossTold = false;
  /** The server has issued a generation for it. */
  isServed = false;
  readonly #world: World;
  readonly #stage: Stage;

  constructor(world: World, stage: Stage) {
    this.#world = world;
    this.#stage = stage;
    this.id = { pid: world.nextPid(), startedAt: String(world.timeline.now) };
  }

  async run(credential: Credential): Promise<void> {
    const { timeline, random, witness, faults } = this.#world;
    await timeline.sleep(random.between(50, 1500));
    for (let posts = 1; posts <= 3; posts += 1) {
      const answer = await post(this.#world, textOf(credential.refreshToken), () => {
        this.isServed = true;
      });
      if (answer.kind === "issued") witness.issued(this, answer.login);
      if (answer.kind === "invalid_grant") witness.rejected(credential);
      if (faults.isOn && random.chance(0.01)) {
        this.#world.count("staged CLI killed");
        break;
      }
      await timeline.sleep(random.between(5, 200));
      if (answer.kind === "lost" && !this.#world.isQuietBuild) this.isLossTold = true;
      if (answer.kind === "issued") this.#store(credentialFrom(answer.login));
      if (answer.kind === "invalid_grant" && !this.#world.isQuietBuild) this.#blank();
      if (answer.kind === "refused" && !this.#world.isQuietBuild) this.refusal = answer.code;
      // Measured: after a lost answer the CLI sends the same token again.
      if (answer.kind !== "lost" || !this.#world.isResending) break;
    }
    this.isAlive = false;
    witness.ended(this, credential, this.#stage);
  }

  #store(issued: Credential): void {
    this.#stage.document = credentialsFile.merge(this.#stage.document, issued);
  }

  #blank(): void {
    if (this.#stage.document !== null) this.#stage.document = blanked(this.#stage.document);
  }
}

/** The `cli` driver on the simulated host. */
export function stagedCliGrant(world: World, keeper: Process): RefreshGrant {
  const { disk, clock, witness } = world;
  return {
    prepare: () =>
      keeper.step("prepare", () => {
        if (!disk.isStageWritable) throw new PilotlightError("cannot_persist", "the stage is full");
        disk.stage = { document: null, cli: null };
      }),

    async spend(credential, started) {
      await keeper.step("stage", () => {
        disk.stage.document = credentialsFile.merge(null, credential);
      });
      const cli = await keeper.step("spawn", () => {
        const child = new StagedCli(world, disk.stage);
        disk.stage.cli = child;
        witness.sent(keeper, credential, child);
        void child.run(credential);
        return child;
      });
      await started(cli.id);
      const end = clock.monotonic() + GRANT_PATIENCE;
      while (cli.isAlive && clock.monotonic() < end) {
        await clock.sleep(1000);
        await keeper.pass("wait");
      }
      const result = await keeper.step("read stage", () => resultOf(world, credential, cli));
      witness.answered(cli, result);
      return result;
    },

    inspect: (from, process) =>
      keeper.step("inspect", (): Remains => {
        const { document, cli } = disk.stage;
        if (cli?.isAlive === true) return { kind: "running", detail: `pid ${cli.id.pid}` };
        const entry = document === null ? null : credentialsFile.parse(document);
        if (entry?.state === "present") {
          if (isBlanked(entry.credential)) return { kind: "rejected", detail: "blanked" };
          if (!isSamePair(pairOf(entry.credential), from)) return { kind: "issued", ...entry };
        }
        return { kind: cli === null && process === null ? "unsent" : "nothing" };
      }),

    tidy: () =>
      keeper.step("tidy", () => {
        disk.stage = { document: null, cli: null };
      }),
  };
}

function resultOf(world: World, spent: Credential, cli: StagedCli): GrantResult {
  const failed = { kind: "failed", retryAfter: null, detail: "TEST" } as const;
  if (cli.isAlive) return { ...failed, code: "refresh_running", spent: "maybe" };
  const { document } = world.disk.stage;
  const entry = document === null ? null : credentialsFile.parse(document);
  if (entry?.state === "present") {
    if (isBlanked(entry.credential)) return { kind: "rejected", detail: "invalid_grant" };
    if (!isSamePair(pairOf(entry.credential), pairOf(spent))) return { kind: "issued", ...entry };
  }
  const retryAfter = cli.refusal === "throttled" ? 60_000 : null;
  if (cli.isLossTold) return { ...failed, code: "in_doubt", spent: "maybe" };
  if (cli.refusal !== null) return { ...failed, code: cli.refusal, spent: "no", retryAfter };
  return { ...failed, code: "refresh_unknown", spent: "maybe" };
}
