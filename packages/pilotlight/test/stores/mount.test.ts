import { expect, it } from "vitest";
import { isMountPoint, mountOf, parseMounts, readMounts } from "../../src/stores/mount.ts";
import { needs } from "../support/needs.ts";

const SAMPLE = [
  "22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw,errors=remount-ro",
  "30 22 0:25 / /run rw,nosuid master:2 propagate_from:3 - tmpfs tmpfs rw,size=1k",
  "41 22 254:0 /home/me/.claude/.credentials.json /creds/claude\\040code.json ro,relatime - ext4 /dev/vda rw",
  "42 22 254:0 /x /super rw - ext4 /dev/vdb ro",
  "43 22 254:0 /gone//deleted /back\\134slash rw - ext4 /dev/vda rw",
  "44 22 0:9 / /super ro - tmpfs tmpfs rw",
  "too short a line",
  "",
].join("\n");

it("parses mount points, with the kernel's escapes, and leaves out what it does not understand", () => {
  expect(parseMounts(SAMPLE)).toEqual([
    { mountPoint: "/", isReadOnly: false, type: "ext4" },
    { mountPoint: "/run", isReadOnly: false, type: "tmpfs" },
    { mountPoint: "/creds/claude code.json", isReadOnly: true, type: "ext4" },
    { mountPoint: "/super", isReadOnly: true, type: "ext4" },
    { mountPoint: "/back\\slash", isReadOnly: false, type: "ext4" },
    { mountPoint: "/super", isReadOnly: true, type: "tmpfs" },
  ]);
});

it.each([
  ["/creds/claude code.json", true],
  ["/creds/claude", false],
  ["/run", true],
  ["/run/x", false],
])("knows whether something is mounted on %s itself: %s", (path, answer) => {
  expect(isMountPoint(parseMounts(SAMPLE), path)).toBe(answer);
});

it.each([
  ["/home/x", "ext4", false],
  ["/run/x", "tmpfs", false],
  ["/runner", "ext4", false],
  ["/creds/claude code.json", "ext4", true],
  ["/super/x", "tmpfs", true],
])("finds the mount that %s lies on", (path, type, isReadOnly) => {
  expect(mountOf(parseMounts(SAMPLE), path)).toMatchObject({ type, isReadOnly });
});

it("knows no mount where the list is empty", () => {
  expect(mountOf([], "/x")).toBeNull();
});

needs("linux").it("reads this machine's mounts", async () => {
  expect(isMountPoint(await readMounts(), "/")).toBe(true);
  expect(isMountPoint(await readMounts(), "/proc")).toBe(true);
});
