import type { Kind } from "../generated.ts";
import type { Installation } from "../installation.ts";
import { xmlText } from "./xml-text.ts";

/** A task of Windows that renews what is due every quarter of an hour. Not run here. */
export const taskScheduler: Kind = {
  options: ["login"],
  make: (installation) => {
    const notes = [
      'then, in PowerShell: Register-ScheduledTask -TaskName Pilotlight -Xml (Get-Content -Raw -Encoding UTF8 "pilotlight-task.xml")',
      "not run here",
    ];
    const names = Object.keys(installation.variables);
    if (names.length > 0) {
      notes.push(`a task sets no variables: set ${names.join(", ")} for its user with setx`);
    }
    if (installation.platform !== "win32") {
      notes.push("its paths are those of this machine: generate it on the machine that it is for");
    }
    return { files: [{ path: "pilotlight-task.xml", text: taskXml(installation) }], notes };
  },
};

/** Without an XML declaration: one that names another encoding than the reader's is refused. */
function taskXml({ node, script, user, login, home }: Installation): string {
  const args = [script, "refresh", ...(login === null ? [] : ["--login", login])];
  return `\
<Task version="1.3" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <!-- Renews the Claude Code login where that is due. Not run here: written by the task schema. -->
  <RegistrationInfo>
    <Description>Pilotlight renews the Claude Code login where that is due</Description>
  </RegistrationInfo>
  <Triggers>
    <TimeTrigger>
      <StartBoundary>2026-01-01T00:07:00</StartBoundary>
      <Repetition>
        <Interval>PT15M</Interval>
      </Repetition>
      <RandomDelay>PT2M</RandomDelay>
    </TimeTrigger>
  </Triggers>
  <Principals>
    <!-- S4U: also while nobody is signed in, without a stored password. -->
    <Principal id="Author">
      <UserId>${xmlText(user)}</UserId>
      <LogonType>S4U</LogonType>
      <RunLevel>LeastPrivilege</RunLevel>
    </Principal>
  </Principals>
  <Settings>
    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>
    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>
    <!-- A refresh that is killed loses the login: it is never stopped, and ends by itself. -->
    <AllowHardTerminate>false</AllowHardTerminate>
    <StartWhenAvailable>true</StartWhenAvailable>
    <RunOnlyIfNetworkAvailable>true</RunOnlyIfNetworkAvailable>
    <IdleSettings>
      <StopOnIdleEnd>false</StopOnIdleEnd>
    </IdleSettings>
    <ExecutionTimeLimit>PT0S</ExecutionTimeLimit>
  </Settings>
  <Actions Context="Author">
    <Exec>
      <Command>${xmlText(node)}</Command>
      <Arguments>${xmlText(args.map(windowsWord).join(" "))}</Arguments>
      <WorkingDirectory>${xmlText(home)}</WorkingDirectory>
    </Exec>
  </Actions>
</Task>
`;
}

/** As a program of Microsoft's C runtime reads its command line; a path of Windows holds no quote. */
function windowsWord(text: string): string {
  if (/^[\w.:\\/-]+$/.test(text)) return text;
  return `"${text.replace(/(\\*)"/g, '$1$1\\"').replace(/(\\+)$/, "$1$1")}"`;
}
