using System.Text.Json.Nodes;

namespace Podvirt.LocalCluster.Chaos.Judges;

/// <summary>What the ledger says of a request.</summary>
internal sealed record UsageRecord(string Id, string Outcome, string Reason, long Prompt, long Completion)
{
    public static UsageRecord Of(JsonObject record) => new(
        (string)record["id"]!, (string)record["outcome"]!, (string)record["reason"]!, (long)record["prompt_tokens"]!, (long)record["completion_tokens"]!);
}
