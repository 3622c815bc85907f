import { createServer, type Socket } from "node:net";
import type { AddressInfo } from "node:net";
import { createSecureContext, TLSSocket } from "node:tls";
import { onTestFinished } from "vitest";
import { certificateAuthority } from "../../src/sandbox/certificates.ts";

interface Mail {
  readonly from: string;
  readonly to: readonly string[];
  readonly data: string;
  readonly isSecure: boolean;
  readonly auth: string | null;
}

export interface SmtpReceiver {
  readonly port: number;
  /** PEM; what its certificate for `localhost` is signed by. */
  readonly ca: string;
  readonly mails: readonly Mail[];
}

/** RFC 5321 §4.5.3.1.6, without the line's end. */
const LONGEST_LINE = 998;

/** A small mail server on this machine for one test: STARTTLS, AUTH PLAIN, and the limits of RFC 5321. */
export async function smtpReceiver({
  hasTls = true,
  password = null,
  answer = null,
}: {
  hasTls?: boolean;
  password?: string | null;
  /** Instead of taking the mail. */
  answer?: string | null;
} = {}): Promise<SmtpReceiver> {
  const authority = await certificateAuthority(Date.now());
  const { cert, key } = await authority.certify("localhost");
  const secureContext = createSecureContext({ cert, key });
  const mails: Mail[] = [];
  const sockets = new Set<Socket>();

  const serve = (socket: Socket, isSecure: boolean): void => {
    let [from, auth]: [string, string | null] = ["", null];
    let to: string[] = [];
    let data: string[] | null = null;
    let rest = "";
    const say = (line: string) => socket.write(`${line}\r\n`);
    const hear = (line: string): void => {
      if (data !== null) {
        if (line !== ".") return void data.push(line.replace(/^\./, ""));
        const isLong = data.some((each) => each.length > LONGEST_LINE);
        if (answer === null && !isLong)
          mails.push({ from, to, data: data.join("\n"), isSecure, auth });
        data = null;
        return void say(answer ?? (isLong ? "500 line too long" : "250 taken"));
      }
      const [verb = ""] = line.toUpperCase().split(/[ :]/);
      if (verb === "EHLO") {
        const offers = [
          ...(hasTls && !isSecure ? ["STARTTLS"] : []),
          ...(password === null ? [] : ["AUTH PLAIN"]),
          "8BITMIME",
        ];
        for (const [index, offer] of offers.entries()) {
          say(`250${index === offers.length - 1 ? " " : "-"}${offer}`);
        }
      } else if (verb === "STARTTLS" && !hasTls) {
        say("502 what is that");
      } else if (verb === "STARTTLS") {
        say("220 go on");
        socket.removeAllListeners("data");
        const secure = new TLSSocket(socket, { isServer: true, secureContext });
        secure.on("error", () => undefined);
        serve(secure, true);
      } else if (verb === "AUTH") {
        auth = Buffer.from(line.split(" ")[2] ?? "", "base64")
          .toString()
          .split("\0")
          .slice(1)
          .join(":");
        say(auth.endsWith(`:${password}`) ? "235 welcome" : "535 no");
      } else if (verb === "MAIL") {
        from = /<(.*)>/.exec(line)?.[1] ?? "";
        to = [];
        say("250 ok");
      } else if (verb === "RCPT") {
        to.push(/<(.*)>/.exec(line)?.[1] ?? "");
        say("250 ok");
      } else if (verb === "DATA") {
        data = [];
        say("354 go on");
      } else if (verb === "QUIT") {
        say("221 bye");
        socket.end();
      } else say("250 ok");
    };
    socket.on("data", (chunk: Buffer) => {
      rest += chunk.toString("utf8");
      for (let end = rest.indexOf("\r\n"); end >= 0; end = rest.indexOf("\r\n")) {
        const line = rest.slice(0, end);
        rest = rest.slice(end + 2);
        hear(line);
      }
    });
    socket.on("error", () => undefined);
  };
  const server = createServer((socket) => {
    sockets.add(socket);
    serve(socket, false);
    socket.write("220 test\r\n");
  });
  await new Promise<void>((resolve) => server.listen(0, "localhost", resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, ca: authority.cert, mails };
}
