interface Shown {
  readonly element: Element;
}

/**
 * Shows items in order, each made once for its key, and forgets those that are no more. Elements that stay where they are
 * are left alone, so focus and reading go on.
 * @returns the items, as they stand
 */
export function keyed<Item extends Shown>(
  parent: Element,
): (keys: readonly string[], make: (key: string, index: number) => Item) => readonly Item[] {
  let held = new Map<string, Item>();
  return (keys, make) => {
    held = new Map(keys.map((key, index) => [key, held.get(key) ?? make(key, index)]));
    const items = [...held.values()];
    arrange(
      parent,
      items.map(({ element }) => element),
    );
    return items;
  };
}

function arrange(parent: Element, wanted: readonly Element[]): void {
  const staying = new Set(wanted);
  for (const child of Array.from(parent.children)) if (!staying.has(child)) child.remove();
  for (const [index, element] of wanted.entries()) {
    const present = parent.children[index] ?? null;
    if (present !== element) parent.insertBefore(element, present);
  }
}
