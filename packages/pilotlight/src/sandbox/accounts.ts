/** An invented person in an organization, as the server knows them. */
interface SandboxAccount {
  readonly uuid: string;
  readonly email: string;
  readonly fullName: string;
  readonly organizationUuid: string;
  readonly organizationName: string;
}

const PERSON = {
  uuid: "00000000-0000-4000-8000-00000000acc0",
  email: "person@sandbox.invalid",
  fullName: "Sandbox Person",
} as const;

const SANDBOX = {
  organizationUuid: "00000000-0000-4000-8000-0000000000f0",
  organizationName: "Sandbox",
} as const;

/** Who can sign in. Beside the usual one, one account differs in nothing but the organization, and one in the person. */
export const ACCOUNTS = {
  person: { ...PERSON, ...SANDBOX },
  "person-elsewhere": {
    ...PERSON,
    organizationUuid: "00000000-0000-4000-8000-0000000000f1",
    organizationName: "Elsewhere",
  },
  colleague: {
    uuid: "00000000-0000-4000-8000-00000000acc1",
    email: "colleague@sandbox.invalid",
    fullName: "Sandbox Colleague",
    ...SANDBOX,
  },
} as const satisfies Record<string, SandboxAccount>;

export type AccountName = keyof typeof ACCOUNTS;

/** Whose login it is unless told. */
export const USUAL_ACCOUNT: AccountName = "person";

export function isAccountName(name: string): name is AccountName {
  return Object.hasOwn(ACCOUNTS, name);
}
