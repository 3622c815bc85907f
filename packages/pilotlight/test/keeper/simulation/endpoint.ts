import type { ErrorCode } from "../../../src/core/errors.ts";
import type { IssuedLogin } from "./authority.ts";
import type { World } from "./world.ts";

export type Answer =
  | { readonly kind: "issued"; readonly login: IssuedLogin }
  | { readonly kind: "invalid_grant" }
  /** The server surely did nothing. */
  | { readonly kind: "refused"; readonly code: ErrorCode }
  /** The server may have done it; nobody heard. */
  | { readonly kind: "lost" };

/**
 * One request to the token endpoint, as far as the weather lets it through.
 * @param issued is told at once when the server has issued a new generation, whoever hears of it.
 */
export async function post(
  world: World,
  token: string,
  issued: () => void = () => {},
): Promise<Answer> {
  const { random, timeline, faults } = world;
  const refusal = refusalOf(world);
  await timeline.sleep(random.between(20, 1500));
  if (refusal !== null) {
    world.count(refusal);
    return { kind: "refused", code: refusal };
  }
  const isLost = faults.weather === "lossy" && random.chance(faults.badLuck(0.4));
  if (isLost) world.count("answer lost");
  if (isLost && random.chance(0.5)) return { kind: "lost" };
  const login = world.authority.refresh(token);
  if (login !== "invalid_grant") issued();
  const isSlow = faults.weather === "slow" && random.chance(faults.badLuck(0.5));
  if (isSlow) world.count("slow answer");
  await timeline.sleep(isSlow ? random.between(100_000, 400_000) : random.between(20, 1500));
  if (isLost) return { kind: "lost" };
  return login === "invalid_grant" ? { kind: "invalid_grant" } : { kind: "issued", login };
}

function refusalOf({ random, faults }: World): ErrorCode | null {
  if (!random.chance(faults.badLuck(0.7))) return null;
  switch (faults.weather) {
    case "throttled":
      return "throttled";
    case "outage":
      return "endpoint_unavailable";
    case "offline":
      return "network_unavailable";
    case "calm":
    case "lossy":
    case "slow":
    case "store_full":
    case "journal_full":
    case "stage_full":
      return null;
  }
}
