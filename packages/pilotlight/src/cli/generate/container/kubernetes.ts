import type { Kind } from "../generated.ts";
import type { Installation } from "../installation.ts";
import { imageOf } from "./image.ts";

/** A keeper for Kubernetes, with the volume that its login lives on. */
export const kubernetes: Kind = {
  options: [],
  make: (installation) => ({
    files: [{ path: "pilotlight.yaml", text: manifests(installation) }],
    notes: [
      "its image: pilotlight generate dockerfile",
      "then: kubectl apply -f pilotlight.yaml",
      "once, a person signs in: kubectl exec -it deploy/pilotlight -c door -- pilotlight login",
      "a probe or a scrape from outside the pod: --listen 0.0.0.0:7450, and PILOTLIGHT_TOKEN_FILE names a mounted secret (0600)",
      "not run in a cluster here",
    ],
  }),
};

/** By a process in the container: what listens on loopback needs no token, and a foreign Host gets 421. */
function probe(path: string): string {
  const ask = `fetch("http://127.0.0.1:7450${path}").then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))`;
  return `exec: { command: ["node", "-e", ${JSON.stringify(ask)}] }`;
}

function manifests(installation: Installation): string {
  return `${VOLUME}---\n${deployment(installation)}`;
}

const VOLUME = `\
# One keeper and its login. Not run in a cluster here.
apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  name: pilotlight
spec:
  accessModes: [ReadWriteOnce]
  resources:
    requests:
      storage: 1Gi
`;

const SECURITY = `\
          securityContext:
            allowPrivilegeEscalation: false
            readOnlyRootFilesystem: true
            capabilities:
              drop: [ALL]
`;

const PLACES = `\
          env:
            # Not the volume's root: the lock is made beside this directory.
            - name: CLAUDE_CONFIG_DIR
              value: /data/.claude
            - name: PILOTLIGHT_STATE_DIR
              value: /data/state
          volumeMounts:
            - name: data
              mountPath: /data
            - name: scratch
              mountPath: /tmp
            - name: scratch
              mountPath: /home/node
`;

function deployment(installation: Installation): string {
  const image = imageOf(installation);
  return `\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: pilotlight
  labels:
    app.kubernetes.io/name: pilotlight
spec:
  # Never two: the old one ends before the new one starts.
  replicas: 1
  strategy:
    type: Recreate
  selector:
    matchLabels:
      app.kubernetes.io/name: pilotlight
  template:
    metadata:
      labels:
        app.kubernetes.io/name: pilotlight
    spec:
      # A refresh takes up to 150 s, and a claude that is killed in it loses the login.
      terminationGracePeriodSeconds: 200
      automountServiceAccountToken: false
      securityContext:
        runAsNonRoot: true
        runAsUser: 1000
        runAsGroup: 1000
        fsGroup: 1000
        # Else each start would open the login's file to the group.
        fsGroupChangePolicy: OnRootMismatch
        seccompProfile:
          type: RuntimeDefault
      containers:
        - name: keep
          image: ${image}
          command: ["pilotlight", "keep", "--listen", "127.0.0.1:7450"]
          # Alive: its loop goes round. Ready: its logins can be used.
          livenessProbe:
            ${probe("/livez")}
            initialDelaySeconds: 30
            periodSeconds: 30
            timeoutSeconds: 10
            failureThreshold: 10
          readinessProbe:
            ${probe("/readyz")}
            periodSeconds: 30
            timeoutSeconds: 10
${PLACES}${SECURITY}\
          resources:
            requests: { cpu: 10m, memory: 128Mi }
            # Room for one claude: one that is killed for memory in mid-refresh loses the login.
            limits: { memory: 1Gi }
        # For a sign-in, also while the keeper has ended for want of one.
        - name: door
          image: ${image}
          # sleep alone, as the first process, would not hear the TERM.
          command: ["sh", "-c", "trap 'exit 0' TERM; sleep infinity & wait"]
${PLACES}${SECURITY}\
          resources:
            requests: { cpu: 1m, memory: 16Mi }
      volumes:
        - name: data
          persistentVolumeClaim:
            claimName: pilotlight
        - name: scratch
          emptyDir: {}
`;
}
