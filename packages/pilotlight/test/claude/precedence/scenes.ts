import { BROKEN, type Ingredients } from "./ingredients.ts";
import { type Ingredient, type Scene, sceneOf } from "./scene.ts";

/** How often an aspect of the world shows up in a random scene. */
const SHARES = {
  bearer: 0.25,
  key: 0.3,
  helper: 0.25,
  token: 0.35,
  profile: 0.45,
  login: 0.65,
  console: 0.25,
  bare: 0.15,
  // Some builds try a cloud for a minute before they give up.
  cloud: 0.05,
  gateway: 0.15,
  headers: 0.1,
  sources: 0.15,
} as const satisfies Record<keyof Ingredients, number>;

/** Every two aspects of the world together, each with what is usual of it, and every one alone. */
export function pairsOf(ingredients: Ingredients): readonly Scene[] {
  const aspects = Object.entries(ingredients).flatMap(([aspect, [first, second]]) =>
    [first, second].filter((one) => one !== undefined).map((one) => ({ aspect, one })),
  );
  const scenes: Scene[] = aspects.map(({ one }) => sceneOf([one]));
  for (const [index, a] of aspects.entries())
    for (const b of aspects.slice(index + 1))
      if (a.aspect !== b.aspect) scenes.push(sceneOf([a.one, b.one]));
  return scenes;
}

/** Scenes in which anything can stand beside anything, from numbers in [0, 1). */
export function randomScenes(
  ingredients: Ingredients,
  count: number,
  random: () => number,
): readonly Scene[] {
  return Array.from({ length: count }, () => {
    const chosen: Ingredient[] = [];
    for (const [aspect, choices] of Object.entries(ingredients) as [
      keyof Ingredients,
      readonly Ingredient[],
    ][]) {
      const isIn = random() < SHARES[aspect];
      // What is usual is taken as often as all the rest.
      const index = random() < 0.5 ? 0 : Math.floor(random() * choices.length);
      const choice = choices[index];
      if (isIn && choice !== undefined) chosen.push(choice);
    }
    if (random() < 0.05 && !chosen.some(({ name }) => name.includes("local settings")))
      chosen.push(BROKEN);
    return sceneOf(chosen);
  });
}
