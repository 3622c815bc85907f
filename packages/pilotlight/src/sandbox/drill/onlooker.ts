import type { Moment } from "./night.ts";
import type { World } from "./world.ts";

/** Somebody who looks on while the night is played with Pilotlight, and sets its pace: the night waits for each answer. */
export interface Onlooker {
  /** The world is there, and nothing has happened in it. `night` holds what will be played of it on this machine. */
  met(world: World, night: readonly Moment[]): void;
  /** The hour of a moment has come, and nothing of it has happened. */
  before(moment: Moment): Promise<void>;
  /** Its jobs have ended, and nothing runs. */
  after(moment: Moment, jobs: readonly { readonly succeeded: boolean }[]): Promise<void>;
  /** The world is about to be cleared away, also where the night broke off. */
  left(): Promise<void>;
}
