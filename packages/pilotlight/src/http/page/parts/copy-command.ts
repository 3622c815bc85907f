import { announce } from "./announcer.ts";
import { el, put, say } from "./element.ts";

export interface CopyCommand {
  readonly element: HTMLElement;
  set(command: string | null): void;
}

/** A command to type, with a button that copies it. */
export function copyCommand(): CopyCommand {
  const code = el("code", { tabindex: "0" });
  const button = el("button", { type: "button", class: "copy" }, "Copy");
  const element = el("div", { class: "command" }, code, button);
  let back: ReturnType<typeof setTimeout> | undefined;
  const copied = (word: string) => {
    say(button, word);
    announce(`${word}: ${code.textContent}`);
    clearTimeout(back);
    back = setTimeout(() => say(button, "Copy"), 2000);
  };
  const select = () => {
    getSelection()?.selectAllChildren(code);
    copied("Selected");
  };
  button.addEventListener("click", () => {
    // Without TLS, and away from this machine, a page may not write there, and has no clipboard at all.
    const { clipboard } = navigator as { readonly clipboard?: Clipboard };
    if (clipboard === undefined) select();
    else clipboard.writeText(code.textContent).then(() => copied("Copied"), select);
  });
  return {
    element,
    set(command) {
      element.hidden = command === null;
      say(code, command ?? "");
      put(button, "aria-label", `Copy the command ${command ?? ""}`);
    },
  };
}
