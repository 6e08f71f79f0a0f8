import type { Language, Sentence } from "@aura-platform/contract/languages.ts";

/** The pages of DWP's web client that have something to show on this stack. */
const PAGES: readonly { menuKey: string; path: string; name: Sentence }[] = [
  { menuKey: "menu.dashboard", path: "/", name: { ko: "대시보드", en: "Dashboard" } },
  {
    menuKey: "menu.ai-workspace",
    path: "/ai-workspace",
    name: { ko: "AI 워크스페이스", en: "AI workspace" },
  },
];
const GROUP = { code: "APPS", name: { ko: "앱", en: "Apps" } };
const VIEW: Sentence = { ko: "조회", en: "View" };

interface Permission {
  resourceType: "MENU";
  resourceKey: string;
  resourceName: string;
  permissionCode: "VIEW";
  permissionName: string;
  effect: "ALLOW";
}

/** What a user may do in the web client: see those pages. Its administration has no service here. */
export function permissionsIn(language: Language): Permission[] {
  return PAGES.map(({ menuKey, name }) => ({
    resourceType: "MENU",
    resourceKey: menuKey,
    resourceName: name[language],
    permissionCode: "VIEW",
    permissionName: VIEW[language],
    effect: "ALLOW",
  }));
}

interface MenuNode {
  menuKey: string;
  menuName: string;
  path: string;
  group: string;
  depth: number;
  sortOrder: number;
  children: MenuNode[];
}

/** The web client's navigation, as a tree and by groups. */
export function menuTreeIn(language: Language) {
  const menus = PAGES.map(({ menuKey, path, name }, at): MenuNode => {
    return {
      menuKey,
      menuName: name[language],
      path,
      group: GROUP.code,
      depth: 1,
      sortOrder: at + 1,
      children: [],
    };
  });
  return { menus, groups: [{ groupCode: GROUP.code, groupName: GROUP.name[language], menus }] };
}

/** For somebody whom the directory does not know. */
export const NO_MENUS = Object.freeze({ menus: [], groups: [] });
