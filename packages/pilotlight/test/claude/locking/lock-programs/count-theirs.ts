// The same with the locks of proper-lockfile, in the CLI's order, as older and newer builds take them.
import lockfile from "proper-lockfile";
import { addOne } from "./add-one.ts";

const [directory = "", file = "", times = "1", which = "both"] = process.argv.slice(2);
const retries = { retries: 600, minTimeout: 10, maxTimeout: 30, factor: 1, randomize: true };
const common = { realpath: false, stale: 60_000, update: 5_000, retries };
const take = (path: string) => lockfile.lock(directory, { ...common, lockfilePath: path });
for (let n = 0; n < Number(times); n++) {
  if (which === "legacy") {
    const release = await take(`${directory}.lock`);
    await addOne(file);
    await release();
  } else {
    // One process of proper-lockfile can hold one lock per target name.
    const first = await lockfile.lock(`${directory}/first`, {
      ...common,
      lockfilePath: `${directory}/.oauth_refresh.lock`,
    });
    const second = await take(`${directory}.lock`);
    await addOne(file);
    await second();
    await first();
  }
}
