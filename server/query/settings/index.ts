/** Every setting there is, by subject. */
import { clientSettings } from './client.ts';
import { compatibilitySettings } from './compatibility.ts';
import { connectionsSettings } from './connections.ts';
import type { SettingDefinition } from './definition.ts';
import { developerSettings } from './developer.ts';
import { plannerSettings } from './planner.ts';
import { presetsSettings } from './presets.ts';
import { reportingSettings } from './reporting.ts';
import { resourcesSettings } from './resources.ts';
import { sessionSettings } from './session.ts';
import { writeAheadLogSettings } from './write-ahead-log.ts';

export type { SettingContext, SettingDefinition } from './definition.ts';
export { parseSetting, showSetting } from './values.ts';

export const settingDefinitions: readonly SettingDefinition[] = [
  ...sessionSettings,
  ...clientSettings,
  ...compatibilitySettings,
  ...connectionsSettings,
  ...developerSettings,
  ...plannerSettings,
  ...presetsSettings,
  ...reportingSettings,
  ...resourcesSettings,
  ...writeAheadLogSettings,
];

const byLowerName = new Map(
  settingDefinitions.map((definition) => [definition.name.toLowerCase(), definition]),
);

/** @returns undefined for names that are none of ours; `a.b` may still be one of the session's own */
export function settingDefinition(name: string): SettingDefinition | undefined {
  return byLowerName.get(name.toLowerCase());
}
