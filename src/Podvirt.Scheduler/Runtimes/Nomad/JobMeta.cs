using System.Globalization;
using System.Text.Json.Nodes;
using Podvirt.Core.Models;

namespace Podvirt.Scheduler.Runtimes.Nomad;

/// <summary>
/// What a job says of its replica, for the scheduler after this one. It is written once: Nomad starts a task anew whose job's meta
/// data have changed.
/// </summary>
/// <param name="Nonce">Of this start alone.</param>
/// <param name="Settings">As of <see cref="IReplicaRuntime.SettingsOf"/>.</param>
/// <param name="Gpus">Device ids that Podvirt chose; empty where Nomad chooses.</param>
/// <param name="MemoryBytes">What the engine may take on each.</param>
internal sealed record JobMeta(
    string Replica, string Model, int Revision, string Nonce, string Settings, IReadOnlyList<string> Gpus, long MemoryBytes)
{
    private const string Prefix = "podvirt_";

    public JsonObject ToJson() => new()
    {
        [Prefix + "replica"] = Replica,
        [Prefix + "model"] = Model,
        [Prefix + "revision"] = Revision.ToString(CultureInfo.InvariantCulture),
        [Prefix + "nonce"] = Nonce,
        [Prefix + "settings"] = Settings,
        [Prefix + "gpus"] = string.Join(',', Gpus),
        [Prefix + "memory"] = MemoryBytes.ToString(CultureInfo.InvariantCulture),
    };

    /// <summary>Null: it is no job of Podvirt's.</summary>
    public static JobMeta? Read(JsonObject job)
    {
        if (job["Meta"] is not JsonObject meta || Text("replica") is not { Length: > 0 } replica || Text("nonce") is not { Length: > 0 } nonce)
        {
            return null;
        }

        return int.TryParse(Text("revision"), NumberStyles.None, CultureInfo.InvariantCulture, out var revision)
            && long.TryParse(Text("memory"), NumberStyles.None, CultureInfo.InvariantCulture, out var memory)
            ? new JobMeta(
                replica, Text("model") ?? "", revision, nonce, Text("settings") ?? "",
                (Text("gpus") ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries), memory)
            : null;

        string? Text(string name) => (string?)meta[Prefix + name];
    }
}
