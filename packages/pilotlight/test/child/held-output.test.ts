import { PassThrough, Writable } from "node:stream";
import { describe, expect, it } from "vitest";
import { heldOutput, type OutputName } from "../../src/child/held-output.ts";

/** Two targets that note what they got in the order in which they got it. */
function targets() {
  const got: string[] = [];
  const target = (name: OutputName) =>
    new Writable({
      write(chunk: Buffer, _encoding, done) {
        got.push(`${name}:${chunk.toString()}`);
        done();
      },
    });
  return { got, stdout: target("stdout"), stderr: target("stderr") };
}

const sources = () => ({ stdout: new PassThrough(), stderr: new PassThrough() });
const turn = () => new Promise((resolve) => setTimeout(resolve, 5));

describe("held output", () => {
  it("keeps both streams back and hands them on in the order they came", async () => {
    const to = targets();
    const from = sources();
    const output = heldOutput(to);
    const taken = output.take(from);
    for (const [name, text] of [
      ["stdout", "a"],
      ["stderr", "b"],
      ["stdout", "c"],
    ] as const) {
      from[name].write(text);
      await turn();
    }
    expect(to.got).toEqual([]);
    expect(output.contents("stdout").toString()).toBe("ac");
    expect(output.contents("stderr").toString()).toBe("b");
    output.release();
    from.stdout.write("d");
    from.stdout.end();
    from.stderr.end();
    await taken;
    expect(to.got).toEqual(["stdout:a", "stderr:b", "stdout:c", "stdout:d"]);
  });

  it.each([
    [10, false],
    [11, true],
  ])("of %i bytes in both streams with a limit of 10 is released: %s", async (size, isReleased) => {
    const to = targets();
    const from = sources();
    const output = heldOutput(to, { limit: 10 });
    void output.take(from);
    from.stderr.write("12345");
    await turn();
    from.stdout.write("x".repeat(size - 5));
    await turn();
    expect(output.isReleased).toBe(isReleased);
    expect(to.got.length).toBe(isReleased ? 2 : 0);
    if (isReleased) expect(() => output.discard()).toThrow(/cannot be taken back/);
  });

  it("is dropped before a second run, and counts from zero again", async () => {
    const to = targets();
    const output = heldOutput(to, { limit: 10 });
    for (const text of ["first", "second"]) {
      const from = sources();
      const taken = output.take(from);
      from.stdout.end(text);
      from.stderr.end();
      await taken;
      if (text === "first") output.discard();
    }
    expect(output.contents("stdout").toString()).toBe("second");
    output.release();
    await output.written();
    expect(to.got).toEqual(["stdout:second"]);
  });

  it("shows each piece to the tap, which may release it", async () => {
    const to = targets();
    const from = sources();
    const seen: string[] = [];
    const output = heldOutput(to, {
      tap(name, chunk) {
        seen.push(`${name}:${chunk.toString()}`);
        if (chunk.includes("real")) output.release();
      },
    });
    void output.take(from);
    for (const text of ["init", "real", "more"]) {
      from.stdout.write(text);
      await turn();
    }
    expect(seen).toEqual(["stdout:init", "stdout:real", "stdout:more"]);
    expect(to.got.join("").replaceAll("stdout:", "")).toBe("initrealmore");
  });

  it("shows no more than its limit of what came", async () => {
    const from = sources();
    const output = heldOutput(targets(), { limit: 4 });
    const taken = output.take(from);
    from.stdout.end("abcdef");
    from.stderr.end();
    await taken;
    expect(output.contents("stdout").toString()).toBe("abcd");
  });

  it("tells of a target that loses bytes, and not of a reader that went away", async () => {
    for (const [code, message] of [
      ["ENOSPC", "ENOSPC"],
      ["EPIPE", undefined],
    ] as const) {
      const from = sources();
      const broken = new Writable({
        write: (_chunk, _encoding, done) => done(Object.assign(new Error(code), { code })),
      });
      const output = heldOutput({ ...targets(), stdout: broken });
      const taken = output.take(from);
      output.release();
      from.stdout.write("x");
      from.stderr.end();
      await taken;
      expect(from.stdout.destroyed).toBe(true);
      expect(output.failure?.message).toBe(message);
    }
  });

  it("holds a program that writes byte by byte without growing out of measure", async () => {
    const from = sources();
    const output = heldOutput(targets());
    const taken = output.take(from);
    const before = process.memoryUsage().rss;
    for (let index = 0; index < 200_000; index += 1) {
      from.stdout.emit("data", Buffer.from("x"));
      // What was joined is garbage now; a collector that never gets a turn would count against us.
      if (index % 5_000 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    expect(process.memoryUsage().rss - before).toBeLessThan(250 * 1024 * 1024);
    expect(output.contents("stdout").length).toBe(200_000);
    from.stdout.end();
    from.stderr.end();
    await taken;
  });
});
