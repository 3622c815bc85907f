import { describe, expect, it } from "vitest";
import { recogniseStore } from "../../src/core/recognise-store.ts";
import { STORE_ROWS } from "../../src/core/verdicts/store-rows.ts";

const CASES = [
  ["absent", null, "store-absent", "no_credential"],
  ["not_a_file", null, "store-not-a-file", "credential_not_a_file"],
  ["corrupt", null, "store-corrupt", "credential_corrupt"],
  ["unreadable", null, "store-unreadable", "credential_unreadable"],
  ["ended", null, "store-login-ended", "login_ended"],
  ["in_doubt", null, "store-in-doubt", "in_doubt"],
  ["blanked", null, "store-blanked", "login_blanked"],
  ["spent", null, "store-spent", "refresh_token_spent"],
  ["not_refreshable", null, "store-not-refreshable", "not_refreshable"],
  ["scope_missing", null, "store-scope-missing", "scope_missing"],
  ["not_kept", null, "store-not-kept", "unsupported"],
  ["rejected", null, "store-rejected", "auth_rejected"],
  ["locked", null, "store-locked", "lock_busy"],
  ["unwritable", "EROFS", "store-read-only", "cannot_persist"],
  ["read_only", null, "store-renewed-elsewhere", "store_read_only"],
  ["unwritable", "EBUSY", "store-mounted-alone", "cannot_persist"],
  ["unwritable", "EPERM", "store-not-ours", "cannot_persist"],
  ["unwritable", "EACCES", "store-not-ours", "cannot_persist"],
  ["unwritable", "ENOSPC", "store-unwritable", "cannot_persist"],
  ["unwritable", null, "store-unwritable", "cannot_persist"],
] as const;

describe("a store", () => {
  it.each(CASES)("that is %s (%s) is %s", (state, errno, id, code) => {
    expect(recogniseStore(state, errno)).toMatchObject({ id, code });
  });

  it("has a case for every row here", () => {
    expect(STORE_ROWS.map(({ id }) => id)).toEqual([...new Set(CASES.map(([, , id]) => id))]);
  });
});
