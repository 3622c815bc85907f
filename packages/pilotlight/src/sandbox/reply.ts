/** What the sandbox's model says: text, or the use of a tool the request offered. */
export type ReplyBlock =
  | { readonly type: "text"; readonly text: string }
  | {
      readonly type: "tool_use";
      readonly name: string;
      readonly input: Readonly<Record<string, unknown>>;
    };

/** The part of a Messages request a reply may depend on, as the client sent it. */
export interface ReplyRequest {
  readonly model: string;
  readonly messages: readonly unknown[];
  readonly tools: readonly unknown[];
  readonly system: unknown;
}

export type Reply = (request: ReplyRequest) => string | readonly ReplyBlock[];

/** Prints a reply as one Messages API object. */
export function printMessage(model: string, reply: ReturnType<Reply>): Response {
  return Response.json(messageOf(model, reply), { headers: { "request-id": newId("req") } });
}

/** Prints a reply as the Messages API's stream of server-sent events. */
export function printMessageStream(model: string, reply: ReturnType<Reply>): Response {
  const { content, stop_reason, usage, ...message } = messageOf(model, reply);
  const stop = { stop_reason, stop_sequence: null };
  const started = { ...message, content: [], stop_reason: null, usage };
  const events = [
    { type: "message_start", message: started },
    ...content.flatMap(blockEvents),
    { type: "message_delta", delta: stop, usage: { output_tokens: usage.output_tokens } },
    { type: "message_stop" },
  ];
  const text = events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
  return new Response(text.join(""), {
    headers: { "content-type": "text/event-stream", "request-id": newId("req") },
  });
}

type Content =
  | { type: "text"; text: string }
  | { type: "tool_use"; id: string; name: string; input: Readonly<Record<string, unknown>> };

function blockEvents(block: Content, index: number) {
  const [empty, delta] =
    block.type === "text"
      ? [
          { ...block, text: "" },
          { type: "text_delta", text: block.text },
        ]
      : [
          { ...block, input: {} },
          { type: "input_json_delta", partial_json: JSON.stringify(block.input) },
        ];
  return [
    { type: "content_block_start", index, content_block: empty },
    { type: "content_block_delta", index, delta },
    { type: "content_block_stop", index },
  ];
}

function messageOf(model: string, reply: ReturnType<Reply>) {
  const blocks = typeof reply === "string" ? [{ type: "text" as const, text: reply }] : reply;
  const content = blocks.map((block): Content =>
    block.type === "text" ? block : { ...block, id: newId("toolu") },
  );
  const usesTool = content.some((block) => block.type === "tool_use");
  return {
    id: newId("msg"),
    type: "message",
    role: "assistant",
    model,
    content,
    stop_reason: usesTool ? "tool_use" : "end_turn",
    stop_sequence: null,
    usage: {
      input_tokens: 10,
      cache_creation_input_tokens: 0,
      cache_read_input_tokens: 0,
      output_tokens: 5,
    },
  };
}

function newId(kind: "msg" | "req" | "toolu"): string {
  return `${kind}_sandbox_${crypto.randomUUID().replaceAll("-", "").slice(0, 20)}`;
}
