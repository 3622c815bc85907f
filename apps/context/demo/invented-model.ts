import type { Reply } from "pilotlight/sandbox";

interface Seen {
  readonly id: string;
  readonly text: string;
  readonly isNew?: boolean;
}
interface Known {
  readonly factId: string;
  readonly text: string;
}

/** What the model of the demo reads in a message: whatever is said later about the same thing takes its place. */
const TOPICS: readonly { readonly said: RegExp; readonly told: (what: string) => string }[] = [
  { said: /(?:moved|relocated) to (\w+)/i, told: (what) => `She lives in ${what}.` },
  { said: /on call every (\w+)/i, told: (what) => `She is on call every ${what}.` },
  { said: /allergic to (\w+)/i, told: (what) => `She is allergic to ${what}.` },
];
const ENDED = /no longer on call/i;

/** A model that reads a question of this service and answers by the schema; as the tool of Claude Code where that is offered, else as text. */
export const inventedModel: Reply = ({ tools, messages }) => {
  const isTool = JSON.stringify(tools).includes('"StructuredOutput"');
  if (isTool && JSON.stringify(messages).includes('"tool_result"')) return "Done.";
  const lines = textsIn(messages).flatMap((text) => text.split("\n"));
  const said = lines.flatMap((line) => objectIn(line, "id") as readonly Seen[]);
  const known = lines.flatMap((line) => objectIn(line, "factId") as readonly Known[]);
  const input = readingOf(said, known);
  return isTool ? [{ type: "tool_use", name: "StructuredOutput", input }] : JSON.stringify(input);
};

function readingOf(said: readonly Seen[], known: readonly Known[]) {
  const added: object[] = [];
  const updated: object[] = [];
  for (const { said: pattern, told } of TOPICS) {
    const last = said.filter(({ isNew, text }) => isNew === true && pattern.test(text)).at(-1);
    if (last === undefined) continue;
    const fact = {
      text: told(pattern.exec(last.text)?.[1] ?? "?"),
      confidence: 0.9,
      sourceMessageIds: [last.id],
    };
    const beginning = told("").replace(/\.$/, "");
    const before = known.find(({ text }) => text.startsWith(beginning));
    if (before === undefined) added.push(fact);
    else updated.push({ factId: before.factId, ...fact });
  }
  const end = said.find(({ isNew, text }) => isNew === true && ENDED.test(text));
  const ended = end === undefined ? [] : known.filter(({ text }) => text.includes("on call"));
  const withdrawn = ended.map(({ factId }) => ({
    factId,
    reason: "she is not on call any more",
    sourceMessageIds: [end?.id],
  }));
  const summary = `${said.length} messages, the last of which says: ${said.at(-1)?.text ?? "nothing"}`;
  return { summary, added, updated, withdrawn };
}

function textsIn(value: unknown): readonly string[] {
  if (typeof value === "string") return [value];
  if (typeof value !== "object" || value === null) return [];
  return Object.values(value).flatMap(textsIn);
}

function objectIn(line: string, key: string): readonly unknown[] {
  return line.startsWith(`{"${key}":`) ? [JSON.parse(line)] : [];
}
