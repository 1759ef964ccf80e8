using Podvirt.Core.Messages;
using Podvirt.Core.Models;
using Podvirt.Core.Replicas;

namespace Podvirt.Gateway.Tests.Fixtures;

/// <summary>Route tables in a word.</summary>
internal static class Routes
{
    public static ModelSpec Spec(string id, ModelType type = ModelType.Chat, TimeSpan? tokenTimeout = null, string? servedAs = null) => new()
    {
        Id = id,
        Name = id,
        Vendor = "Qwen",
        Type = type,
        Engine = new EngineSpec { Kind = EngineKind.External, TokenTimeout = tokenTimeout ?? TimeSpan.FromSeconds(30), ServedAs = servedAs },
    };

    public static ModelRoute Active(
        string id, FakeEngine[] engines, int slots = 8, TimeSpan? tokenTimeout = null, ModelType type = ModelType.Chat, string? servedAs = null) => new()
        {
            Model = Spec(id, type, tokenTimeout, servedAs),
            Status = ModelStatus.Active,
            Replicas = [.. engines.Select((engine, i) => Replica($"{id}-{i}", engine.Address, slots, servedAs: servedAs ?? id))],
        };

    public static ReplicaRoute Replica(
        string id, string address, int slots = 8, ReplicaState state = ReplicaState.Active, string apiKey = "engine-key", string servedAs = "m") =>
        new(id, address, apiKey, servedAs, Revision: 3, slots, state, ["GPU-0"], "H100");

    public static ModelRoute Cold(string id, WarmUp? warmUp = null, long? expectedWaitMs = null) => new()
    {
        Model = Spec(id),
        Status = warmUp is null ? ModelStatus.Cold : ModelStatus.WarmingUp,
        WarmUp = warmUp,
        ExpectedWaitMs = expectedWaitMs,
    };

    public static ModelRoute Failed(string id, string code, string reason, DateTimeOffset? retryAt) => new()
    {
        Model = Spec(id),
        Status = ModelStatus.Failed,
        Failure = new ModelFailure(code, reason, retryAt),
    };
}
