namespace Podvirt.Laboratory.Traces;

/// <summary>How requests for a model come.</summary>
internal enum ArrivalKind
{
    /// <summary>People: conversations of several turns, by day more than by night.</summary>
    Conversations,

    /// <summary>A program behind a product: single requests at random, by day more than by night.</summary>
    Steady,

    /// <summary>A timer: some requests every quarter of an hour, hour, six hours or day.</summary>
    Scheduled,

    /// <summary>Batches: seldom, and then up to hundreds of requests within minutes.</summary>
    Batches,
}

/// <summary>What is true of a model. Policies learn of it only by what they see.</summary>
/// <param name="Gpus">Of one node.</param>
/// <param name="Bytes">Reserved on each.</param>
/// <param name="ResidueBytes">Held on each while asleep.</param>
/// <param name="HostBytes">Held in the node's host memory by level-1 sleep.</param>
internal sealed record ModelTraits(
    int Index, ArrivalKind Kind, int Gpus, long Bytes, long ResidueBytes, long HostBytes,
    double StartSeconds, double WakeSeconds, double DeepWakeSeconds, double SleepSeconds, double RequestsPerDay);
