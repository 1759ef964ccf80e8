using System.Text;
using System.Text.Json;
using Podvirt.Core.Messages;
using Podvirt.Gateway.Affinity;
using Podvirt.Gateway.Relay;
using Podvirt.Gateway.Upstream;

namespace Podvirt.Gateway.Routing;

/// <summary>One replica as this gateway sees it. Counts change only under its dispatcher's lock.</summary>
/// <param name="isShared">Its slots are divided between gateways: none is this one's before it has a share.</param>
internal sealed class ReplicaSlots(ReplicaRoute route, string modelId, UpstreamPool pool, bool isShared = false)
{
    // A timestamp that no clock comes to.
    private const long Asleep = long.MaxValue;

    private int _failures;

    public ReplicaRoute Route { get; private set; } = route;

    public UpstreamPool Pool => pool;

    public ulong Hash { get; } = SessionHash.OfText(route.Id);

    /// <summary>The model's name as a JSON string, where the engine knows it under another than the catalog's.</summary>
    public ReadOnlyMemory<byte>? ServedAs { get; } = route.ServedAs == modelId
        ? default(ReadOnlyMemory<byte>?)
        : Encoding.UTF8.GetBytes(JsonSerializer.Serialize(route.ServedAs));

    public int InFlight { get; set; }

    /// <summary>It takes new requests only below this: all of its slots, or this gateway's share of them.</summary>
    public int Limit { get; set; } = isShared ? 0 : route.Slots;

    /// <summary>What this gateway has of its slots: more than the limit while some of it is being given up.</summary>
    public int Held { get; set; } = isShared ? 0 : route.Slots;

    /// <summary>The membership under which the share was settled; 0: none yet.</summary>
    public long SlotToken { get; set; }

    /// <summary>A timestamp until which it gets no new request, after trouble that this gateway saw itself.</summary>
    public long SuspendedUntil { get; set; }

    /// <summary>It said so when a detached gateway asked. Suspended without an end.</summary>
    public bool IsFoundAsleep
    {
        get => SuspendedUntil == Asleep;
        set => SuspendedUntil = value ? Asleep : IsFoundAsleep ? 0 : SuspendedUntil;
    }

    /// <summary>Who waits for the head of its answer, where it can fall asleep meanwhile.</summary>
    public HeadWaits HeadWaits { get; } = new();

    /// <summary>How much usage the engine is asked for: as much as it has not refused.</summary>
    public UsageAsk UsageAsk { get; set; } = UsageAsk.OnEveryChunk;

    /// <summary>A request went well: failures before it say little now.</summary>
    public void NoteSuccess() => Volatile.Write(ref _failures, 0);

    /// <summary>A request failed at the engine, not by its own fault.</summary>
    /// <returns>How many did since the last that went well.</returns>
    public int NoteFailure() => Interlocked.Increment(ref _failures);

    /// <summary>News of it: what was found out before is older.</summary>
    public void Update(ReplicaRoute current)
    {
        Route = current;
        IsFoundAsleep = false;
        if (!isShared)
        {
            (Limit, Held) = (current.Slots, current.Slots);
        }
    }

    /// <summary>The same process behind the same door: connections and counts stay good.</summary>
    public bool IsReachedLike(ReplicaRoute current) =>
        (Route.Address, Route.ApiKey, Route.ServedAs) == (current.Address, current.ApiKey, current.ServedAs);

    public bool HasFreeSlot(long now) => Route.Admits && InFlight < Limit && now >= SuspendedUntil;
}

/// <summary>What a stream's engine is asked for, from least to most.</summary>
internal enum UsageAsk
{
    /// <summary>It refuses <c>stream_options</c>: only what the client itself asks for.</summary>
    Nothing,

    /// <summary><c>include_usage</c>: the counts at the end.</summary>
    AtTheEnd,

    /// <summary><c>continuous_usage_stats</c> as well: what a stream that breaks off has used is known too.</summary>
    OnEveryChunk,
}
