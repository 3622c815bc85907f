import type { DoctorCheck } from "../doctor-check.ts";
import { helloCheck } from "./hello-check.ts";
import { serverChecks } from "./server-checks.ts";

/**
 * What `doctor --online` looks at besides: the only checks that start Claude Code, use the network, and
 * note what the server said. Each loads what it needs for that when it is made.
 */
export const ONLINE_CHECKS: readonly DoctorCheck[] = [helloCheck, ...serverChecks];
