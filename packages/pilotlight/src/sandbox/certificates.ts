type X509 = typeof import("@peculiar/x509");

/** A certificate for one host and its key, in PEM. */
interface HostCertificate {
  readonly cert: string;
  readonly key: string;
}

/** A certificate authority that lives as long as this object: its key is never exported. */
export interface CertificateAuthority {
  /** PEM. */
  readonly cert: string;
  /** The same certificate each time for a host. */
  certify(host: string): Promise<HostCertificate>;
}

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const DAY = 86_400_000;

/** Makes a throw-away authority (EC P-256), valid from yesterday for a year around `now` (epoch ms). */
export async function certificateAuthority(now: number): Promise<CertificateAuthority> {
  const x509 = await loadX509();
  const keys = await crypto.subtle.generateKey(ALGORITHM, false, ["sign", "verify"]);
  const validity = { notBefore: new Date(now - DAY), notAfter: new Date(now + 365 * DAY) };
  const root = await x509.X509CertificateGenerator.createSelfSigned({
    ...validity,
    name: "CN=Pilotlight sandbox (throw-away)",
    keys,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });

  async function issue(host: string): Promise<HostCertificate> {
    const own = await crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
    const leaf = await x509.X509CertificateGenerator.create({
      ...validity,
      subject: `CN=${host}`,
      issuer: root.subject,
      publicKey: own.publicKey,
      signingKey: keys.privateKey,
      signingAlgorithm: ALGORITHM,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
        new x509.SubjectAlternativeNameExtension([{ type: "dns", value: host }]),
        await x509.AuthorityKeyIdentifierExtension.create(keys.publicKey),
      ],
    });
    const key = await crypto.subtle.exportKey("pkcs8", own.privateKey);
    return { cert: leaf.toString("pem"), key: x509.PemConverter.encode(key, "PRIVATE KEY") };
  }

  const issued = new Map<string, Promise<HostCertificate>>();
  return {
    cert: `${root.toString("pem")}\n`,
    certify(host) {
      const certificate = issued.get(host) ?? issue(host);
      issued.set(host, certificate);
      return certificate;
    },
  };
}

let loading: Promise<X509> | undefined;

/**
 * A dependency of the library asks at import for the `reflect-metadata` polyfill and then finds no metadata in it.
 * Two functions that know of none are enough, and leave again, so the global `Reflect` of whoever uses us stays as it was.
 */
function loadX509(): Promise<X509> {
  loading ??= (async () => {
    const names = ["getMetadata", "getOwnMetadata"].filter((name) => !(name in Reflect));
    const none = () => undefined;
    for (const name of names)
      Object.defineProperty(Reflect, name, { value: none, configurable: true, writable: true });
    try {
      return await import("@peculiar/x509");
    } finally {
      for (const name of names)
        if (Reflect.get(Reflect, name) === none) Reflect.deleteProperty(Reflect, name);
    }
  })();
  return loading;
}
