import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { smtp } from "../../../src/notify/channels/smtp.ts";
import { isolatedHome } from "../../support/isolated.ts";
import { alert, hostile, parts, settings } from "../alert-sample.ts";
import { smtpReceiver, type SmtpReceiver } from "../smtp-receiver.ts";

const { home, cleanup } = isolatedHome();
afterAll(cleanup);

function open({ port, ca }: SmtpReceiver, more: Record<string, string> = {}) {
  const file = join(home, `ca-${port}.pem`);
  writeFileSync(file, ca);
  const to = ["ops@example.com", "Second <second@example.com>"];
  const base = {
    host: "localhost",
    port,
    from: "Pilotlight <keep@example.com>",
    to,
    ca_file: file,
  };
  return smtp.open(settings({ ...base, ...more }), parts);
}

describe("smtp", () => {
  it("sends plain text over STARTTLS, with the password", async () => {
    const server = await smtpReceiver({ password: "TEST-password" });
    const send = open(server, { user: "keep", password: "TEST-password" });
    expect(await send(alert())).toEqual({ kind: "delivered" });
    const [mail] = server.mails;
    expect(mail).toMatchObject({
      from: "keep@example.com",
      to: ["ops@example.com", "second@example.com"],
      isSecure: true,
      auth: "keep:TEST-password",
    });
    const data = mail?.data.replaceAll("=\n", "").replaceAll("=3D", "=") ?? "";
    expect(data).toContain("Subject: Pilotlight: bot on host1: this login has ended");
    expect(data).toContain("$ pilotlight login --login bot");
    expect(data).toContain("Renew: https://keep.example/sign-in");
    expect(data).toContain("Next move: a person");
    expect(data).toMatch(/^Auto-Submitted: auto-generated$/m);
    expect(data).toMatch(/^Content-Type: text\/plain/m);
  });

  it("takes hostile texts, and no header of theirs", async () => {
    const server = await smtpReceiver();
    const evil = { ...hostile(), title: "x\r\nBcc: evil@example.com\r\n\r\nbody" };
    expect(await open(server)(evil)).toEqual({ kind: "delivered" });
    const head = server.mails[0]?.data.split("\n\n")[0] ?? "";
    expect(head).not.toMatch(/^Bcc/im);
    expect(server.mails[0]?.to).toHaveLength(2);
  });

  it.each([
    ["offers no STARTTLS", { hasTls: false }, {}, true],
    [
      "refuses the password",
      { password: "TEST-other" },
      { user: "keep", password: "TEST-password" },
      true,
    ],
    ["refuses the mail for good", { answer: "550 no such mailbox" }, {}, true],
    ["has no time", { answer: "451 later" }, {}, false],
  ])("fails where the server %s", async (_, options, more, isRefused) => {
    const server = await smtpReceiver(options);
    const delivery = await open(server, more)(alert());
    expect(delivery).toMatchObject({ kind: "failed", isRefused });
    expect(JSON.stringify(delivery)).not.toContain("TEST-");
    expect(server.mails).toEqual([]);
  });

  it("trusts no certificate that it was not told of", async () => {
    const [server, other] = [await smtpReceiver(), await smtpReceiver()];
    expect(await open({ ...server, ca: other.ca })(alert())).toMatchObject({ kind: "failed" });
    expect(server.mails).toEqual([]);
  });

  it("without TLS is for this machine", async () => {
    const server = await smtpReceiver({ hasTls: false });
    expect(await open(server, { security: "none" })(alert())).toEqual({ kind: "delivered" });
    expect(() => open(server, { security: "none", host: "mail.example" })).toThrow(/this machine/);
  });
});
