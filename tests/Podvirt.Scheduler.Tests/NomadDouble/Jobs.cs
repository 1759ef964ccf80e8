using System.Text.Json.Nodes;
using Podvirt.Testing.Nomad.Hcl;

namespace Podvirt.Scheduler.Tests.NomadDoubles;

/// <summary>Small jobs.</summary>
internal static class Jobs
{
    /// <summary>A shell script by <c>raw_exec</c>.</summary>
    /// <param name="group">More lines of the group.</param>
    /// <param name="task">More lines of the task.</param>
    public static JsonObject Shell(string id, string script, string group = "", string task = "", string job = "") => JobFile.Parse($$"""
        job "{{id}}" {
          {{job}}
          group "main" {
            restart {
              attempts = 0
            }
            reschedule {
              attempts  = 0
              unlimited = false
            }
            {{group}}
            task "main" {
              driver       = "raw_exec"
              kill_timeout = "1s"
              config {
                command = "/bin/sh"
                args    = ["-c", {{JsonValue.Create(script).ToJsonString()}}]
              }
              {{task}}
            }
          }
        }
        """);

    public const string Sleep = "exec sleep 600";
}
