import { describe, expect, it } from "vitest";
import { type JobFlags, readJobOptions } from "../../src/cli/job/job-options.ts";

describe("the options of a job", () => {
  it("are the safe ones unless something else is asked for", () => {
    expect(readJobOptions({})).toEqual({
      auth: "auto",
      minTtl: 15 * 60_000,
      retry: "safe",
      isolate: "auto",
      waitForReset: 0,
      mustProve: false,
      ping: null,
      isVerbose: false,
    });
  });

  it("are those that were typed", () => {
    const flags: JobFlags = {
      auth: "subscription",
      minTtl: "2h",
      retry: "never",
      isolate: "always",
      waitForReset: "30s",
      prove: true,
      ping: "https://hc.example/ping/1",
      verbose: true,
    };
    expect(readJobOptions(flags)).toEqual({
      auth: "subscription",
      minTtl: 7_200_000,
      retry: "never",
      isolate: "always",
      waitForReset: 30_000,
      mustProve: true,
      ping: new URL("https://hc.example/ping/1"),
      isVerbose: true,
    });
  });

  it.each<[keyof JobFlags, string, string]>([
    ["auth", "Auto", "--auth Auto is none of auto, subscription, api-key"],
    ["retry", "once", "--retry once is none of safe, resume, never"],
    ["ping", "file:///etc/passwd", "--ping is no http or https address"],
    ["ping", "hc.example/ping", "--ping is no http or https address"],
    ["isolate", "", "--isolate  is none of auto, always, never"],
    ["minTtl", "soon", "--min-ttl soon is no time"],
    ["minTtl", "-5m", "--min-ttl -5m is no time"],
    ["waitForReset", "2 hours later", "--wait-for-reset 2 hours later is no time"],
  ])("refuse --%s %j as a wrong command line", (flag, value, message) => {
    expect(() => readJobOptions({ [flag]: value })).toThrow(
      expect.objectContaining({ code: "usage", message: expect.stringContaining(message) }),
    );
  });

  it.each([
    "https://user:hunter2@hc.example/ping/hush",
    "https://user@hc.example/ping/hush",
    "https://:hunter2@hc.example/ping/hush",
    "ftp://user:hunter2@hc.example/ping/hush",
    "https://user:hunter2@hc.example:99999/ping/hush",
  ])("refuse a monitor's address such as %s without repeating it", (ping) => {
    const told = expect.objectContaining({
      code: "usage",
      message: expect.not.stringMatching(/user:|user@|hunter2|hush/),
    });
    expect(() => readJobOptions({ ping })).toThrow(told);
  });
});
