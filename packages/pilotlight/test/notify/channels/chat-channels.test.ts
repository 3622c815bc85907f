import { createHmac } from "node:crypto";
import { describe, expect, it } from "vitest";
import { discord } from "../../../src/notify/channels/discord.ts";
import { ntfy } from "../../../src/notify/channels/ntfy.ts";
import { slack } from "../../../src/notify/channels/slack.ts";
import { webhook } from "../../../src/notify/channels/webhook.ts";
import { alert, AT, hostile, parts, settings } from "../alert-sample.ts";
import { httpReceiver } from "../http-receiver.ts";

type Json = Record<string, unknown>;
const lengthOf = (value: unknown) => (typeof value === "string" ? value.length : 0);
const textIn = (value: unknown): string[] =>
  typeof value === "string" ? [value] : Object.values((value ?? {}) as Json).flatMap(textIn);

/** Slack's limits (Block Kit reference): what is over them is answered with 400. */
function isSlack(body: Json): boolean {
  const blocks = body["blocks"] as Json[];
  const texts = blocks.flatMap(({ type, text, fields = [] }) => [
    ...(text === undefined ? [] : [{ ...(text as Json), max: type === "header" ? 150 : 3_000 }]),
    ...(fields as Json[]).map((field) => ({ ...field, max: 2_000 })),
  ]) as (Json & { max: number })[];
  const areFields = blocks.every(({ fields = [] }) => (fields as Json[]).length <= 10);
  const fits = texts.every(({ text, max }) => lengthOf(text) >= 1 && lengthOf(text) <= max);
  return fits && areFields && blocks.length <= 50 && lengthOf(body["text"]) <= 40_000;
}

/** Discord's limits (message and embed reference). */
function isDiscord(body: Json): boolean {
  const [embed = {}] = body["embeds"] as Json[];
  const fields = embed["fields"] as Json[];
  const areFields = fields.every(
    ({ name, value }) =>
      lengthOf(name) >= 1 &&
      lengthOf(name) <= 256 &&
      lengthOf(value) >= 1 &&
      lengthOf(value) <= 1024,
  );
  const all = [embed["title"], embed["description"], ...fields.flatMap(textIn)];
  return (
    lengthOf(body["content"]) <= 2000 &&
    lengthOf(embed["title"]) <= 256 &&
    lengthOf(embed["description"]) <= 4096 &&
    fields.length <= 25 &&
    areFields &&
    all.reduce<number>((sum, text) => sum + lengthOf(text), 0) <= 6000
  );
}

/** ntfy's: 4096 bytes for a message before it becomes a file, twice that for the JSON. */
function isNtfy(body: Json, text: string): boolean {
  const bytes = (value: unknown) => Buffer.byteLength(String(value));
  return bytes(body["message"]) <= 4096 && bytes(body["title"]) <= 250 && bytes(text) <= 8192;
}

async function send(kind: typeof slack, one = alert(), more: Record<string, string> = {}) {
  const { url, received } = await httpReceiver(({ body }) => {
    const json = JSON.parse(body) as Json;
    const is = { slack: () => isSlack(json), discord: () => isDiscord(json) };
    const fits = kind === slack ? is.slack() : kind === discord ? is.discord() : isNtfy(json, body);
    return { status: kind === webhook || fits ? 200 : 400 };
  });
  const delivery = await kind.open(settings({ url: `${url}/hook/topic`, ...more }), parts)(one);
  const [request] = received;
  if (request === undefined) throw new Error(JSON.stringify(delivery));
  return { delivery, request, json: JSON.parse(request.body) as Json };
}

const SIGNED = { secret: "TEST-signing-key" };

describe.each([
  ["slack", slack, {}],
  ["discord", discord, {}],
  ["ntfy", ntfy, {}],
  ["webhook", webhook, SIGNED],
] as const)("%s", (_, kind, more) => {
  it("names login, host, what, since when, whose move, the command and the link", async () => {
    const { delivery, request, json } = await send(kind, alert(), more);
    expect(delivery).toEqual({ kind: "delivered" });
    expect(request.method).toBe("POST");
    expect(request.headers["content-type"]).toBe("application/json");
    const text = textIn(json).join("\n").replaceAll("\\", "");
    for (const part of [
      "bot",
      "host1",
      "ended",
      "pilotlight login",
      "keep.example/sign-in",
      "person",
    ]) {
      expect(text).toContain(part);
    }
    expect(text).toMatch(/2026-11-21[ T]11:59/);
  });

  it("takes hostile texts of 10,000 characters within its limits", async () => {
    const { delivery, json } = await send(kind, hostile(), more);
    expect(delivery).toEqual({ kind: "delivered" });
    if (kind === webhook) return;
    const text = textIn(json).join("\n");
    expect(text).not.toMatch(/(?!\n)\p{Cc}|\u202E/u);
    expect(text.isWellFormed()).toBe(true);
  });
});

describe("slack", () => {
  it("shows foreign text as it is, and lets it mention nobody", async () => {
    const { json } = await send(slack, hostile());
    const blocks = json["blocks"] as Json[];
    const texts = blocks.flatMap(({ text, fields = [] }) => [
      text,
      ...(fields as Json[]),
    ]) as Json[];
    const marked = texts.filter((text) => text?.["type"] === "mrkdwn");
    expect(marked).toEqual([
      { type: "mrkdwn", text: "<https://keep.example/sign-in|Renew this login>" },
    ]);
    const plain = texts.filter((text) => text?.["type"] === "plain_text");
    expect(plain.length).toBeGreaterThan(5);
    for (const { text } of plain) expect(text).not.toMatch(/[<>]/);
    expect(json).toMatchObject({ mrkdwn: false, text: expect.not.stringMatching(/[<>]/) });
  });

  it("cuts no entity in two", async () => {
    for (let pad = 0; pad < 6; pad++) {
      const { json } = await send(
        slack,
        alert({ title: `${"x".repeat(pad)}${"<".repeat(2_000)}` }),
      );
      expect(JSON.stringify(json)).not.toMatch(/&(?!amp;|lt;|gt;)/);
    }
  });
});

describe("discord", () => {
  it("allows no mention, and puts markup behind a backslash", async () => {
    const { json } = await send(discord, hostile());
    expect(json["allowed_mentions"]).toEqual({ parse: [] });
    const [embed = {}] = json["embeds"] as Json[];
    const texts = [json["content"], embed["title"], embed["description"]] as string[];
    for (const text of texts) expect(text).not.toMatch(/(?<!\\)[*_~`|<>[\]()@]/);
  });

  it("shows a command that can be typed as it stands", async () => {
    const { json } = await send(discord);
    expect(JSON.stringify(json)).toContain("```\\npilotlight login --login bot\\n```");
  });
});

describe("ntfy", () => {
  it("publishes JSON at the server's root, with the topic, a priority and the link to click", async () => {
    const { request, json } = await send(ntfy, alert(), { token: "TEST-ntfy-token" });
    expect(request.path).toBe("/hook/");
    expect(request.headers.authorization).toBe("Bearer TEST-ntfy-token");
    expect(json).toMatchObject({
      topic: "topic",
      title: "Pilotlight: bot on host1: this login has ended",
      priority: 5,
      tags: ["rotating_light"],
      click: "https://keep.example/sign-in",
      actions: [{ action: "view", url: "https://keep.example/sign-in" }],
    });
  });
});

describe("webhook", () => {
  it("signs time and body", async () => {
    const { request, json } = await send(webhook, alert(), SIGNED);
    const timestamp = request.headers["x-pilotlight-timestamp"];
    expect(timestamp).toBe(String(AT / 1000));
    const signature = createHmac("sha256", SIGNED.secret).update(`${AT / 1000}.${request.body}`);
    expect(request.headers["x-pilotlight-signature"]).toBe(`sha256=${signature.digest("hex")}`);
    expect(json).toEqual({
      schema: "pilotlight.alert/v1",
      id: `bot:problem:login_ended:${AT}`,
      test: false,
      version: "1.2.3",
      at: "2026-11-21T12:00:00.000Z",
      host: "host1",
      login: "bot",
      kind: "login_ended",
      severity: "critical",
      health: "down",
      code: "login_ended",
      after: null,
      title: "bot on host1: this login has ended",
      message: "The server rejected the refresh token. A person must sign in again",
      since: "2026-11-21T11:59:00.000Z",
      by: "person",
      command: "pilotlight login --login bot",
      renewUrl: "https://keep.example/sign-in",
      loginEndsAt: "2026-11-22T12:00:00.000Z",
      secondsBeforeEnd: null,
    });
  });
});
