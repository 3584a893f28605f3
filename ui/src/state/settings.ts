/** Which settings are shown: those that hold all words, and perhaps only those that somebody has set. */

import type { SettingGroup } from "../client/types";

export function matching(groups: readonly SettingGroup[], words: string, isChangedOnly: boolean): readonly SettingGroup[] {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  return groups
    .map((group) => ({
      ...group,
      settings: group.settings.filter((setting) => {
        const text = `${group.name} ${setting.variable} ${setting.value ?? ""} ${setting.meaning}`.toLowerCase();
        return !(isChangedOnly && setting.is_default) && wanted.every((word) => text.includes(word));
      }),
    }))
    .filter((group) => group.settings.length > 0);
}
