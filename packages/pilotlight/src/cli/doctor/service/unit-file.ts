import { wordsIn } from "./unit-words.ts";

/** The settings of a unit and its drop-ins, with their specifiers replaced. */
export interface UnitFile {
  /** Every value of a setting, in order, since it was last set to nothing, which begins anew. */
  values(name: string): readonly string[];
  /** The same, each value as its words. */
  words(name: string): readonly (readonly string[])[];
}

/**
 * Puts together what the files say, in the order in which they count. Sections are not told apart: no
 * setting that is asked for stands in two.
 */
export function unitFile(texts: readonly string[], replaced: (text: string) => string): UnitFile {
  const settings = texts.flatMap(settingsIn);
  const raw = (name: string): readonly string[] => {
    const values = settings.filter((setting) => setting.name === name).map(({ value }) => value);
    return values.slice(values.lastIndexOf("") + 1);
  };
  return {
    values: (name) => raw(name).map(replaced),
    // Split first, as systemd does: what a specifier stands for may hold a space.
    words: (name) => raw(name).map((value) => wordsIn(value).map(replaced)),
  };
}

interface UnitSetting {
  readonly name: string;
  readonly value: string;
}

/** A comment between continued lines does not end them (systemd.syntax(7)). */
function settingsIn(text: string): readonly UnitSetting[] {
  const lines = text.split(/\r?\n/).filter((line) => !/^\s*[#;]/.test(line));
  const joined = lines.join("\n").replaceAll("\\\n", " ").split("\n");
  return joined.flatMap((line) => {
    const [, name, value = ""] = /^\s*(\w+)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    return name === undefined ? [] : [{ name, value }];
  });
}
