import { claudeChecks } from "./checks/claude-checks.ts";
import { copyChecks } from "./checks/copy-checks.ts";
import { environmentChecks } from "./checks/environment-checks.ts";
import { homeChecks } from "./checks/home-checks.ts";
import { lockChecks } from "./checks/lock-checks.ts";
import { loginChecks } from "./checks/login-checks.ts";
import { networkChecks } from "./checks/network-checks.ts";
import { placeChecks } from "./checks/place-checks.ts";
import { platformChecks } from "./checks/platform-checks.ts";
import { scanChecks } from "./checks/scan-checks.ts";
import { serviceChecks } from "./checks/service-checks.ts";
import { storeChecks } from "./checks/store-checks.ts";
import type { DoctorCheck } from "./doctor-check.ts";

/** Everything that doctor looks at, in the order in which it is told. */
export const DOCTOR_CHECKS: readonly DoctorCheck[] = [
  ...storeChecks,
  ...placeChecks,
  ...lockChecks,
  ...loginChecks,
  ...copyChecks,
  ...homeChecks,
  ...environmentChecks,
  ...networkChecks,
  ...claudeChecks,
  ...platformChecks,
  ...serviceChecks,
  ...scanChecks,
];
