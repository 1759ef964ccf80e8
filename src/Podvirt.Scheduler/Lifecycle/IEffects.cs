using Podvirt.Core.Gpus;
using Podvirt.Core.Messages;
using Podvirt.Core.Models;

namespace Podvirt.Scheduler.Lifecycle;

/// <summary>All that an effect needs to know of a replica, frozen at the moment it was asked for.</summary>
/// <param name="Attempt">Comes back with every result.</param>
/// <param name="Address">Base address; empty before the process runs.</param>
/// <param name="HostBase">
/// What its processes held of host memory before their first sleep, in bytes; null: before it, or where it was not measured.
/// </param>
internal sealed record EngineTarget(
    string Replica, int Attempt, ModelSpec Model, IReadOnlyList<GpuDevice> Gpus, string Address, string ApiKey, int SleepLevel,
    long? HostBase = null);

/// <summary>
/// What the loop makes happen. Each call returns at once; the work runs elsewhere and its result comes back as an event.
/// </summary>
internal interface IEffects
{
    /// <summary>Starts the process and waits for its health: Launched, any number of PhaseSeen, then EngineReady or StepFailed.</summary>
    void Start(EngineTarget target);

    /// <summary>One token: CanaryPassed or StepFailed.</summary>
    void Canary(EngineTarget target);

    /// <summary>Sends the engine to sleep and measures: FellAsleep or StepFailed.</summary>
    void Sleep(EngineTarget target);

    /// <summary>Wakes the engine: Woke or StepFailed.</summary>
    void Wake(EngineTarget target);

    /// <summary>Looks at an engine of an earlier run, whatever that had under way with it: LookedAt or StepFailed.</summary>
    void Look(EngineTarget target, IntentEffect? underWay);

    /// <summary>Ends the process, and whatever effect of it still runs: Stopped, always.</summary>
    void Stop(EngineTarget target);

    /// <summary>Asks the engine for its health: Probed.</summary>
    void Probe(EngineTarget target, bool wasTrouble);

    /// <summary>Asks an engine that runs elsewhere: ExternalProbed.</summary>
    void ProbeExternal(ModelSpec model, string apiKey);

    void Publish(RouteTable routes);

    /// <summary>Writes down that an operator sent the model to sleep; or that this was met, or taken back.</summary>
    void SaveSleepOrder(string model, bool holds);

    /// <summary>Writes the model's measured durations to the state store.</summary>
    void SaveHistory(string model, StartHistory history);
}

/// <summary>The effects of one leader's time, which end with it.</summary>
internal interface ITermEffects : IEffects, IAsyncDisposable;
