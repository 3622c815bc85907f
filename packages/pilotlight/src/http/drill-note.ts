/** What a drill plays and how far it has come, beside what a keeper tells. `pilotlight keep` has none. */
export interface DrillNote {
  readonly state: "waiting" | "playing" | "over";
  /** Where the night begins and ends, by its own clock. ISO 8601; `null` before it has begun. */
  readonly startsAt: string | null;
  readonly endsAt: string | null;
  /** Since the sign-in. */
  readonly hour: number;
  readonly hours: number;
  /** The trouble of this hour, in words. */
  readonly what: string;
  readonly jobs: {
    /** So far. */
    readonly ended: number;
    readonly succeeded: number;
    /** Of those that ended, how many the history lacks: nothing can be written down on a full disk. */
    readonly unwritten: number;
    /** In the whole night. */
    readonly all: number;
  };
  /** The same night without Pilotlight; `null` before both are over. */
  readonly without: {
    readonly succeeded: number;
    readonly silentFailures: number;
    readonly lostLogins: number;
  } | null;
}
