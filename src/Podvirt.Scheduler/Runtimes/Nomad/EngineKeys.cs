using System.Text.Json.Nodes;
using Podvirt.Scheduler.Runtimes.Nomad.Api;

namespace Podvirt.Scheduler.Runtimes.Nomad;

/// <summary>
/// Where an engine's key stands: in its job's environment, or in the variable <c>nomad/jobs/&lt;job&gt;</c>, which Nomad lets that job's tasks
/// read, and of which a template makes its environment. The job says which: an option that has changed since does not matter.
/// </summary>
/// <remarks>
/// The job is registered before the variable is written and purged after it is removed: whoever finds what a scheduler left half
/// done finds a job. Until the variable is there Nomad holds the task back.
/// </remarks>
internal sealed class EngineKeys(NomadClient client)
{
    public const string EnvironmentVariable = "VLLM_API_KEY";

    private const string Item = "key";

    /// <summary>Below the task's folder; what is in <c>secrets</c> nobody reads through Nomad.</summary>
    private const string File = "secrets/engine-key.env";

    /// <summary>The template of a task whose key is in its job's variable.</summary>
    /// <param name="names">The environment's names for it.</param>
    public static JsonObject Template(string job, IEnumerable<string> names) => new()
    {
        ["EmbeddedTmpl"] =
            $"{{{{ with nomadVar \"{PathOf(job)}\" }}}}\n{string.Concat(names.Select(name => $"{name}={{{{ .{Item}.Value | toJSON }}}}\n"))}{{{{ end }}}}\n",
        ["DestPath"] = File,
        ["Envvars"] = true,
        ["Perms"] = "0400",
        // It is written once, and removed after the task.
        ["ChangeMode"] = "noop",
    };

    public static string PathOf(string job) => $"nomad/jobs/{job}";

    /// <exception cref="NomadException">Nomad does not take it.</exception>
    public async Task WriteAsync(JsonObject job, string key, CancellationToken cancellationToken)
    {
        if (IsInVariable(job))
        {
            await client.WriteVariableAsync(PathOf((string)job["ID"]!), Item, key, cancellationToken);
        }
    }

    /// <summary>Null: it has none, so that nobody could talk to its engine.</summary>
    /// <exception cref="NomadException">Nomad does not say.</exception>
    public async Task<string?> ReadAsync(JsonObject job, CancellationToken cancellationToken) => IsInVariable(job)
        ? await client.VariableAsync(PathOf((string)job["ID"]!), Item, cancellationToken)
        : EngineJobs.Tasks(job).FirstOrDefault(task => (string?)task["Name"] == EngineJobs.Task)?["Env"]?[EnvironmentVariable] is JsonValue value
            ? (string?)value
            : null;

    /// <exception cref="NomadException">Nomad did not do it.</exception>
    public async Task RemoveAsync(JsonObject job, CancellationToken cancellationToken)
    {
        if (IsInVariable(job))
        {
            await client.RemoveVariableAsync(PathOf((string)job["ID"]!), cancellationToken);
        }
    }

    private static bool IsInVariable(JsonObject job) => EngineJobs.Tasks(job).Any(task =>
        task["Templates"] is JsonArray templates && templates.OfType<JsonObject>().Any(template => (string?)template["DestPath"] == File));
}
