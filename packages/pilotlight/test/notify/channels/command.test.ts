import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { command } from "../../../src/notify/channels/command.ts";
import { isolatedHome } from "../../support/isolated.ts";
import { alert, hostile, parts, settings } from "../alert-sample.ts";

const { home, cleanup } = isolatedHome();
afterAll(cleanup);
const open = (line: string) => command.open(settings({ command: line }), parts);

describe("a command", () => {
  it.each([
    ["an alert", alert()],
    ["a hostile one", hostile()],
  ])("is told %s as JSON on its standard input", async (_, one) => {
    const file = join(home, "told");
    const line = `cat > ${file}; echo "$PILOTLIGHT_EVENT $PILOTLIGHT_LOGIN $PILOTLIGHT_CODE" >> ${file}`;
    expect(await open(line)(one)).toEqual({ kind: "delivered" });
    const [json = "", words] = readFileSync(file, "utf8").split("\n");
    expect(JSON.parse(json)).toMatchObject({ schema: "pilotlight.alert/v1", title: one.title });
    expect(words).toBe("alert bot login_ended");
  });

  it("need not read it", async () => {
    expect(await open("true")(hostile())).toEqual({ kind: "delivered" });
  });

  it("that fails has delivered nothing", async () => {
    expect(await open("exit 7")(alert())).toMatchObject({
      kind: "failed",
      why: "the command failed: it ended with 7",
    });
  });
});
