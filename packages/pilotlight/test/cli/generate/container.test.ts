import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import { credentialCopies } from "../../../src/cli/doctor/scan/credential-copies.ts";
import { hitsIn, statusCommandIn } from "../../../src/cli/doctor/scan/claude-in-line.ts";
import { scanText } from "../../../src/cli/doctor/scan/scan-files.ts";
import { shortStops } from "../../../src/cli/doctor/scan/short-stops.ts";
import type { Installation } from "../../../src/cli/generate/installation.ts";
import { KINDS } from "../../../src/cli/generate/kinds.ts";
import { needs } from "../../support/needs.ts";
import { anInstallation, AWKWARD } from "./an-installation.ts";

const VARIANTS = ["sidecar", "in-process", "single-file"] as const;

const textOf = (
  what: "dockerfile" | "compose" | "kubernetes",
  variant: string | null = null,
  fields: Partial<Installation> = {},
) => KINDS[what].make(anInstallation(fields), { isSystem: false, variant }).files[0]?.text ?? "";

/** What doctor says of a file, besides that it mounts a login. */
function complaints(name: string, text: string): readonly unknown[] {
  const files = [scanText(name, text)];
  const statuses = hitsIn(files, (line) => statusCommandIn(line.text));
  return [...shortStops(files), ...statuses];
}

describe("an image", () => {
  const text = textOf("dockerfile");

  it("names what it is made of, and runs as nobody in particular", () => {
    expect(text).toMatch(/^ARG NODE_VERSION=24\.21\.0\nFROM node:\$\{NODE_VERSION\}-slim$/m);
    expect(text).toMatch(/^ARG CLAUDE_VERSION=2\.1\.329$/m);
    expect(text).not.toContain("latest");
    expect(text.indexOf("USER node")).toBeLessThan(text.indexOf("CMD ["));
    expect(textOf("dockerfile", null, { claudeVersion: null })).toMatch(/^ARG CLAUDE_VERSION$/m);
  });

  it("is stopped and checked so that no refresh is lost", () => {
    expect(text).toMatch(/^STOPSIGNAL SIGTERM$/m);
    expect(text).toMatch(/^HEALTHCHECK .* CMD pilotlight check; test \$\? -lt 2$/m);
    expect(complaints("Dockerfile", text)).toEqual([]);
  });
});

describe("a Compose file", () => {
  const read = (variant: string) => parse(textOf("compose", variant));

  it.each(VARIANTS)(
    "%s leaves a refresh its time, and asks no claude for its health",
    (variant) => {
      for (const service of Object.values<Record<string, unknown>>(read(variant).services)) {
        expect(service).toMatchObject({
          stop_grace_period: "200s",
          init: true,
          cap_drop: ["ALL"],
          image: expect.stringMatching(/^[a-z]+:\d+\.\d+\.\d+$/),
          healthcheck: { test: ["CMD-SHELL", "pilotlight check; test $$? -lt 2"] },
        });
      }
      const text = textOf("compose", variant);
      expect(complaints("compose.yaml", text)).toEqual([]);
      expect(complaints("compose.yaml", text.replaceAll("200s", "20s")).length).toBeGreaterThan(0);
    },
  );

  it("sidecar lets only the keeper write, and mounts the directory as a whole", () => {
    const { keep, context } = read("sidecar").services;
    expect(keep.command).toEqual(["pilotlight", "keep", "--listen", "127.0.0.1:7450"]);
    expect(keep.volumes).toContain("login:/login");
    expect(context.volumes).toContain("login:/login:ro");
    expect(credentialCopies([scanText("compose.yaml", textOf("compose"))])).toEqual([]);
    expect(textOf("compose")).toBe(textOf("compose", "sidecar"));
  });

  it("single-file is the mount that exists, and makes no directory of it", () => {
    const file = `${AWKWARD}/.credentials.json`;
    const text = textOf("compose", "single-file", { credentialsFiles: [file] });
    expect(parse(text).services.context.volumes[0]).toEqual({
      type: "bind",
      source: file.replaceAll("$", "$$$$"),
      target: "/run/claude/credentials.json",
      read_only: true,
      bind: { create_host_path: false },
    });
    const two = { credentialsFiles: [file, file] };
    expect(() => textOf("compose", "single-file", two)).toThrow("name one with --login");
    const none = { credentialsFiles: [] };
    expect(() => textOf("compose", "single-file", none)).toThrow("no login is configured");
  });

  it("has no other variants", () => {
    expect(() => textOf("compose", "toString")).toThrow(/known: sidecar, in-process, single-file/);
  });
});

describe("manifests for Kubernetes", () => {
  const text = textOf("kubernetes");
  const documents = parseAllDocuments(text).map((document) => document.toJS());
  const pod = documents[1].spec.template.spec;

  it("keep one keeper, and leave it the time of a refresh", () => {
    expect(documents[1].spec).toMatchObject({ replicas: 1, strategy: { type: "Recreate" } });
    expect(pod.terminationGracePeriodSeconds).toBe(200);
    const { periodSeconds, failureThreshold } = pod.containers[0].livenessProbe;
    expect(periodSeconds * failureThreshold).toBeGreaterThan(150);
    expect(complaints("pilotlight.yaml", text)).toEqual([]);
    expect(complaints("pilotlight.yaml", text.replace(": 200", ": 30"))).toHaveLength(1);
  });

  it("give it nothing that it does not need", () => {
    expect(pod.securityContext).toMatchObject({
      runAsNonRoot: true,
      fsGroupChangePolicy: "OnRootMismatch",
      seccompProfile: { type: "RuntimeDefault" },
    });
    for (const { securityContext, image } of pod.containers) {
      expect(securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ["ALL"] },
      });
      expect(image).toBe("pilotlight:0.1.0");
    }
  });

  it("leave a door open that closes when it is told", () => {
    const [program, ...argv] = pod.containers[1].command;
    const script = argv.at(-1).replace("sleep infinity", "kill -s TERM $$; sleep 5");
    const { status, signal } = spawnSync(program, ["-c", script], { timeout: 4_000 });
    expect({ status, signal }).toEqual({ status: 0, signal: null });
  });

  it("ask its health by a program that runs", () => {
    for (const probe of ["livenessProbe", "readinessProbe"]) {
      const [node, ...argv] = pod.containers[0][probe].exec.command;
      expect(node).toBe("node");
      // Nothing listens there.
      const script = argv.map((word: string) => word.replace(":7450", ":1"));
      const { status, stderr } = spawnSync(process.execPath, script, { encoding: "utf8", env: {} });
      expect({ status, stderr }).toEqual({ status: 1, stderr: "" });
    }
  });

  needs("kubectl").it("hold only what kubectl knows, each of its kind", () => {
    const changed = (input: string) => {
      // The one command that decodes into its own types without a cluster; what it does not know, it drops.
      const argv = ["set", "image", "--local", "-f", "-", "keep=pilotlight:0.1.1", "-o", "yaml"];
      const env = { PATH: process.env["PATH"] };
      return spawnSync("kubectl", argv, { input, encoding: "utf8", env });
    };
    const wanted = (input: string) =>
      parse(
        input.split("---\n")[1]?.replace("image: pilotlight:0.1.0", "image: pilotlight:0.1.1") ??
          "",
      );
    expect(parse(changed(text).stdout)).toMatchObject(wanted(text));
    const misspelt = text.replace("terminationGracePeriodSeconds", "terminationGraceSeconds");
    expect(parse(changed(misspelt).stdout)).not.toMatchObject(wanted(misspelt));
    expect(changed(text.replace("replicas: 1", 'replicas: "one"')).stderr).toContain(
      "DeploymentSpec",
    );
  });
});
