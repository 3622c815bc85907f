import { randomBytes } from "node:crypto";
import { PassThrough, Readable, Writable } from "node:stream";
import { describe, expect, it } from "vitest";
import { recordedInput } from "../../src/child/recorded-input.ts";
import { startChild } from "../../src/child/start-child.ts";
import { bareEnvironment, startSupervised, supervised } from "./fixtures/supervised.ts";

const MIB = 1024 * 1024;

/** A reader that keeps what it is given, and tells when it was ended. */
function reader() {
  const chunks: Buffer[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(chunk);
      done();
    },
  });
  const ended = new Promise<string>((resolve) => {
    stream.once("finish", () => resolve(Buffer.concat(chunks).toString()));
  });
  return { stream, ended, text: () => Buffer.concat(chunks).toString() };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe("a recorded input", () => {
  it("passes bytes as they come, and the end", async () => {
    const source = new PassThrough();
    const { stream, text, ended } = reader();
    recordedInput(source).feed(stream);
    source.write("one");
    await turn();
    expect(text()).toBe("one");
    source.end(" two");
    expect(await ended).toBe("one two");
  });

  it("gives a second reader everything from the first byte, also what comes later", async () => {
    const source = new PassThrough();
    const input = recordedInput(source);
    const stop = input.feed(reader().stream);
    source.write("one ");
    await turn();
    stop();
    source.write("two ");
    const second = reader();
    input.feed(second.stream);
    source.end("three");
    expect(await second.ended).toBe("one two three");
  });

  it("ends a second reader where the source has already ended", async () => {
    const input = recordedInput(Readable.from([Buffer.from("all of it")]));
    const first = reader();
    input.feed(first.stream);
    await first.ended;
    const second = reader();
    input.feed(second.stream);
    expect(await second.ended).toBe("all of it");
  });

  it.each([
    [8, true],
    [9, false],
  ])("of %i bytes with a limit of 8: replayable is %s", async (size, isReplayable) => {
    const input = recordedInput(Readable.from([Buffer.alloc(5), Buffer.alloc(size - 5)]), 8);
    const first = reader();
    input.feed(first.stream);
    expect((await first.ended).length).toBe(size);
    expect(input.isReplayable).toBe(isReplayable);
    if (!isReplayable) expect(() => input.feed(reader().stream)).toThrow(/longer than/);
  });

  it("that fails is an end", async () => {
    const source = new Readable({
      read() {
        this.destroy(new Error("EISDIR"));
      },
    });
    const { stream, ended } = reader();
    recordedInput(source).feed(stream);
    expect(await ended).toBe("");
  });

  it("is read no faster than the child reads", async () => {
    let given = 0;
    const source = new Readable({
      read(size) {
        given += size;
        this.push(Buffer.alloc(size));
      },
    });
    const child = await startChild({
      argv: ["sleep", "1"],
      env: bareEnvironment(),
      cwd: "/",
      input: "pass",
      output: "inherit",
    });
    if (child.kind === "not_started" || child.stdin === null) throw new Error("no start");
    recordedInput(source).feed(child.stdin);
    await child.ended;
    expect(given).toBeGreaterThan(0);
    expect(given).toBeLessThan(2 * MIB);
  });
});

describe("the standard input of a job", () => {
  const REPEAT = { hold: true, repeat: true } as const;

  it("is the same for a repeated run, byte by byte", async () => {
    const bytes = randomBytes(300_000);
    // The first run reads a little of it only.
    const script = "if test $ATTEMPT = 1; then head -c 5 >&2; else cat; fi";
    const run = await supervised(REPEAT, ["sh", "-c", script], bytes);
    expect(run.stdout.equals(bytes)).toBe(true);
    expect(run).toMatchObject({ code: 0, stderr: "" });
  });

  it.each([
    [10 * MIB, "2\n"],
    [10 * MIB + 1, "1\n"],
  ])("of %i bytes is consumed and run %j is the last", async (size, attempt) => {
    const script = "wc -c >&2; echo $ATTEMPT";
    const run = await supervised(REPEAT, ["sh", "-c", script], Buffer.alloc(size));
    expect(run.stdout.toString()).toBe(attempt);
    expect(run.stderr.trim()).toBe(String(size));
  });

  it("may be left unread", async () => {
    const run = await supervised({}, ["sh", "-c", "exec <&-; echo done"], Buffer.alloc(5 * MIB));
    expect(run).toMatchObject({ code: 0, stderr: "", stdout: Buffer.from("done\n") });
  });

  it("stays open while ours is, and the child may answer in between", async () => {
    const job = startSupervised({}, ["cat"]);
    job.process.stdin?.write("first\n");
    await job.seen("first\n");
    job.process.stdin?.write("second\n");
    await job.seen("second\n");
    job.process.stdin?.end();
    expect(await job.finished).toMatchObject({ code: 0 });
  });
});
