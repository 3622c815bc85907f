/** Somebody or something that messages are about. Times are epoch ms. */
export interface Entity {
  readonly id: string;
  readonly name: string;
  readonly createdAt: number;
}

/** A message as it comes in. */
export interface MessageDraft {
  /** The sender's own name for it, unique within the entity: the same key is stored once. */
  readonly key: string | null;
  readonly author: string | null;
  readonly text: string;
  /** Epoch ms. */
  readonly sentAt: number;
}

/** A message as it is kept. */
export interface Message extends MessageDraft {
  readonly id: string;
  /** Counts the messages of its entity from 1, in the order in which they arrived. */
  readonly position: number;
}

/** True where a key stands for the same message as before. */
export function isSameMessage(one: MessageDraft, other: MessageDraft): boolean {
  return one.text === other.text && one.author === other.author;
}
