import { until } from "../support/expectations.ts";
import type { Finished, Running } from "../support/pilotlight-process.ts";
import type { Scene } from "../support/scene.ts";

/** What `/healthz` says, whether well or not. */
interface HealthAnswer {
  readonly http: number;
  readonly health: string;
  readonly code: string | null;
  readonly action: { code: string; message: string; command: string | null; by: string } | null;
  readonly logins: readonly Record<string, unknown>[];
}

/** A daemon that runs on a scene, and its HTTP face. */
export interface KeeperProcess {
  readonly running: Running;
  readonly url: string;
  get(path: string, init?: RequestInit): Promise<Response>;
  health(): Promise<HealthAnswer>;
  /** Waits until `/healthz` looks as it should. */
  healthy(is: (answer: HealthAnswer) => boolean): Promise<HealthAnswer>;
  /** Sends TERM and waits for the end. */
  end(): Promise<Finished>;
}

/** Starts `pilotlight keep` on a free port and waits until it listens. */
export async function startKeeper(
  scene: Scene,
  {
    args = [],
    env = {},
  }: { readonly args?: readonly string[]; readonly env?: Record<string, string> } = {},
): Promise<KeeperProcess> {
  const running = scene.start(["keep", "--listen", "127.0.0.1:0", ...args], env);
  let isOver = false;
  void running.finished.then(() => (isOver = true));
  const listening = () => /listening on (http:\S+)/.exec(running.said())?.[1];
  await until("the daemon to listen", () => isOver || listening() !== undefined);
  const url = listening();
  if (url === undefined) throw new Error(`keep ended: ${running.said()}`);
  const get = (path: string, init?: RequestInit) => fetch(url + path, init);
  const health = async (): Promise<HealthAnswer> => {
    const answer = await get("/healthz");
    const body = (await answer.json()) as Omit<HealthAnswer, "http">;
    return { ...body, http: answer.status };
  };
  return {
    running,
    url,
    get,
    health,
    async healthy(is) {
      let last = await health();
      for (const end = Date.now() + 30_000; !is(last); last = await health()) {
        if (Date.now() > end) throw new Error(`still ${JSON.stringify(last)}\n${running.said()}`);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      return last;
    },
    end() {
      running.signal("SIGTERM");
      return running.finished;
    },
  };
}
