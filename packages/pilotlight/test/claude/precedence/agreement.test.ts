import { describe, expect } from "vitest";
import { Random } from "../../keeper/simulation/random.ts";
import type { ClaudeBuild } from "../../support/claude-builds.ts";
import { claudeTest } from "../../support/claude-test.ts";
import { bench, differenceOf } from "./agreement.ts";
import type { Ingredients } from "./ingredients.ts";
import type { Scene } from "./scene.ts";
import { pairsOf, randomScenes } from "./scenes.ts";

const SEED = Number(process.env["PILOTLIGHT_SEED"] ?? "20261121");
const isNight = process.env["PILOTLIGHT_NIGHT"] === "1";
/** A day plays only some of the pairs, always the same ones for a seed. */
const COUNTS = isNight ? { pairs: Infinity, random: 300 } : { pairs: 12, random: 8 };
const LIMIT = isNight ? 3 * 60 * 60_000 : 240_000;

/** Every source alone and beside any other, and then anything beside anything. */
function scenesOf(ingredients: Ingredients): readonly Scene[] {
  const random = new Random(SEED);
  const mixtures = randomScenes(ingredients, COUNTS.random, () => random.next());
  const pairs = pairsOf(ingredients)
    .map((scene) => ({ scene, order: random.next() }))
    .toSorted((a, b) => a.order - b.order)
    .slice(0, COUNTS.pairs)
    .map(({ scene }) => scene);
  return [...mixtures, ...pairs];
}

/** Plays the scenes with a build, and lists every difference between what was explained and what arrived. */
async function differences(build: ClaudeBuild): Promise<readonly string[]> {
  const stage = await bench();
  const found: string[] = [];
  try {
    const scenes = scenesOf(stage.ingredients);
    expect(scenes.length).toBeGreaterThanOrEqual(20);
    for (const scene of scenes) {
      const { explanation, arrived } = await stage.play(scene, build);
      const difference = differenceOf(explanation, arrived);
      if (difference !== null) found.push(`${scene.title}: ${difference}`);
    }
    console.info(`${build.version}: ${scenes.length} scenes, ${found.length} differences`);
  } finally {
    await stage.close();
  }
  return found;
}

// Two at once: one process of each build at any time.
describe.concurrent(`what is explained is what arrives (seed ${SEED})`, () => {
  for (const version of ["2.1.329", "2.1.104"] as const) {
    claudeTest(
      version,
      "with every source beside any other, and with anything beside anything",
      async (build) => expect(await differences(build)).toEqual([]),
      LIMIT,
    );
  }
});
