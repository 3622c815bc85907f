import { randomBytes } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { needs } from "../support/needs.ts";
import type { Report } from "./fixtures/supervise.ts";
import {
  inBash,
  isAlive,
  startSupervised,
  supervised,
  superviseLine,
  until,
} from "./fixtures/supervised.ts";

let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "pilotlight-test-"));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const reportIn = (file: string) => JSON.parse(readFileSync(file, "utf8")) as Report;

describe("output", () => {
  it.each([
    ["passed", {}],
    ["held", { hold: true }],
    ["held until there is too much of it", { hold: true, limit: 1000 }],
    ["inherited", { input: "inherit", output: "inherit" }],
  ] as const)("is the same byte by byte when it is %s", async (_how, options) => {
    const [out, err] = [randomBytes(300_000), randomBytes(200_000)];
    writeFileSync(join(root, "out"), out);
    writeFileSync(join(root, "err"), err);
    const line = superviseLine(options, `sh -c 'cat ${root}/out; cat ${root}/err >&2; exit 9'`);
    const { stdout } = await inBash(`${line} > ${root}/out2 2> ${root}/err2; echo $?`);
    expect(stdout).toBe("9\n");
    expect(readFileSync(join(root, "out2")).equals(out)).toBe(true);
    expect(readFileSync(join(root, "err2")).equals(err)).toBe(true);
    const piped = await supervised(options, ["cat", join(root, "out")]);
    expect(piped.stdout.equals(out)).toBe(true);
  });

  it.each([true, false])("keeps its order in one file (2>&1), held: %s", async (hold) => {
    const tapped = join(root, `order-${hold}`);
    // Two streams have an order only as far as one piece was read before the next was written.
    const read = (text: string) => `until grep -qs ${text} ${tapped}; do sleep 0.02; done`;
    const say = `echo o$n; ${read("o$n")}; echo e$n >&2; ${read("e$n")}`;
    const script = `for n in 1 2 3 4; do ${say}; done`;
    const line = superviseLine({ hold, tapped }, `sh -c '${script}'`);
    await inBash(`${line} > ${root}/both 2>&1`);
    expect(readFileSync(join(root, "both"), "utf8").split("\n").filter(Boolean)).toEqual(
      [1, 2, 3, 4].flatMap((n) => [`o${n}`, `e${n}`]),
    );
  });

  it("comes as it is written, before the child ends", async () => {
    const job = startSupervised({}, ["sh", "-c", "echo first; read x; echo $x"]);
    await job.seen("first\n");
    job.process.stdin?.end("second\n");
    expect((await job.finished).stdout.toString()).toBe("first\nsecond\n");
  });

  it("is seen by the tap as it is written, while it is held", async () => {
    const tapped = join(root, "tapped");
    const job = startSupervised({ hold: true, tapped }, ["sh", "-c", "echo first; read x"]);
    await until(() => existsSync(tapped) && readFileSync(tapped, "utf8") === "first\n");
    job.process.stdin?.end("\n");
    expect((await job.finished).stdout.toString()).toBe("first\n");
  });

  it("of a first run is not shown when there is a second", async () => {
    const script = "echo try $ATTEMPT; echo oops $ATTEMPT >&2";
    const run = await supervised({ hold: true, repeat: true }, ["sh", "-c", script]);
    expect(run).toMatchObject({ stdout: Buffer.from("try 2\n"), stderr: "oops 2\n" });
  });

  it("that was released forbids a second run", async () => {
    const options = { hold: true, repeat: true, limit: 3 };
    const run = await supervised(options, ["sh", "-c", "echo try $ATTEMPT"]);
    expect(run.stdout.toString()).toBe("try 1\n");
    expect(run.report?.isReleased).toBe(true);
  });

  it("of 100 MB waits for a slow reader in bounded memory", async () => {
    const file = join(root, "memory.json");
    writeFileSync(
      join(root, "slow.mjs"),
      `let count = 0;
       process.stdin.on("data", (chunk) => {
         count += chunk.length;
         process.stdin.pause();
         setTimeout(() => process.stdin.resume(), 1);
       });
       process.stdin.on("end", () => console.log(count));`,
    );
    const slow = `${process.execPath} ${join(root, "slow.mjs")}`;
    const writer = superviseLine({ report: file }, "head -c 100000000 /dev/zero");
    const { stdout } = await inBash(`${writer} | { sleep 1; ${slow}; }; echo $PIPESTATUS`);
    expect(stdout).toBe("100000000\n0\n");
    // Bare Node with the types stripped takes about 80 MiB.
    expect(reportIn(file).peakMemory).toBeLessThan(160);
  }, 60_000);

  it("that does not fit on the disk is told, not truncated in silence", async () => {
    const file = join(root, "full.json");
    const line = superviseLine({ report: file }, "head -c 5000 /dev/zero");
    // A limit of 1 KiB per file stands in for a full disk.
    await inBash(`(ulimit -f 1; ${line} > ${root}/full)`);
    expect(reportIn(file).failure).toMatch(/EFBIG/);
  });
});

describe("a reader that has seen enough", () => {
  const writing = (program: string) => superviseLine({}, program);

  it("ends a program that dies of a broken pipe, and us as in any pipeline", async () => {
    const program = "sh -c 'while :; do echo x; sleep 0.05; done'";
    const { stdout, stderr } = await inBash(
      `${writing(program)} | head -1; echo \${PIPESTATUS[0]}`,
    );
    expect(stdout).toBe("x\n141\n");
    expect(stderr).toBe("");
  });

  it("is an EPIPE for a program of Node in full flood, and its exit code ours", async () => {
    writeFileSync(
      join(root, "flood.mjs"),
      `process.stdout.on("error", ({ code }) => { console.error(code); process.exit(7); });
       const flood = () => { while (process.stdout.write("x".repeat(65536))); process.stdout.once("drain", flood); };
       flood();`,
    );
    const program = `${process.execPath} ${join(root, "flood.mjs")}`;
    const { stdout, stderr } = await inBash(
      `${writing(program)} | head -c 1; echo \${PIPESTATUS[0]}`,
    );
    expect(stdout).toBe("x7\n");
    expect(stderr).toBe("EPIPE\n");
  });
});

describe("a descendant that keeps the output open", () => {
  it("does not keep us: we end with the child", async () => {
    const run = await supervised({}, ["sh", "-c", "sleep 60 & echo $!; exit 6"]);
    const left = Number(run.stdout.toString());
    expect(run.code).toBe(6);
    expect(isAlive(left)).toBe(true);
    process.kill(left, "SIGKILL");
  });

  it("may still write for a moment", async () => {
    const run = await supervised({}, ["sh", "-c", "(sleep 0.2; echo late) & echo early"]);
    expect(run.stdout.toString()).toBe("early\nlate\n");
  });

  it("cuts off nothing of the child's own for a slow reader", async () => {
    const script = "head -c 300000 /dev/zero; sleep 60 >&2 & echo $! >&2";
    const program = `sh -c '${script}'`;
    const slow = "{ sleep 2.5; wc -c; }";
    const { stdout, stderr } = await inBash(`${superviseLine({}, program)} | ${slow}`);
    expect(stdout.trim()).toBe("300000");
    process.kill(Number(stderr), "SIGKILL");
  });
});

describe("when we are killed without a terminal", () => {
  const linux = needs("linux");

  linux.it("a child behind our pipes meets the end of its input", async () => {
    const job = startSupervised({}, ["sh", "-c", "echo $$; cat"]);
    const child = Number(await job.seen("\n"));
    job.process.kill("SIGKILL");
    await until(() => !isAlive(child));
    await job.finished;
  });

  linux.it("a child with our own descriptors goes on, and is never signalled", async () => {
    const inherit = { input: "inherit", output: "inherit" } as const;
    const script = "echo $$; read x; echo still here; exec sleep 60";
    const job = startSupervised(inherit, ["sh", "-c", script]);
    const child = Number(await job.seen("\n"));
    // The end of our process is the end of the input that the test gives it.
    job.process.kill("SIGKILL");
    await job.seen("still here");
    expect(isAlive(child)).toBe(true);
    process.kill(child, "SIGKILL");
    await job.finished;
  });
});
