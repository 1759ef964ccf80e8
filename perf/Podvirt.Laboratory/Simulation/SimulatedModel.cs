using Podvirt.Laboratory.Traces;
using Podvirt.Scheduler.Idle;

namespace Podvirt.Laboratory.Simulation;

internal sealed class SimulatedModel(ModelTraits traits)
{
    public ModelTraits Traits => traits;

    /// <summary>The one that serves or will; a sleeper that was left behind is no more the model's.</summary>
    public SimulatedReplica? Replica { get; set; }

    /// <summary>Replicas it has had: makes their ids.</summary>
    public int Replicas { get; set; }

    /// <summary>Requests that wait.</summary>
    public List<Arrival> Waiting { get; } = [];

    /// <summary>In the queue for memory.</summary>
    public bool IsQueued { get; set; }

    public double QueuedAt { get; set; }

    /// <summary>Gpus that are being freed for it.</summary>
    public IReadOnlyList<string>? Claim { get; set; }

    /// <summary>When its last request ends.</summary>
    public double BusyUntil { get; set; } = double.NegativeInfinity;

    public bool WasUsed { get; set; }

    /// <summary>What the next start's requests wait for.</summary>
    public RiseCause WhyCold { get; set; } = RiseCause.FirstStart;
}

internal enum SimulatedState
{
    /// <summary>Placed; a transition waits for its gpus to be quiet.</summary>
    ToStart,
    Starting,
    Active,

    /// <summary>Fenced; it sleeps when its gpus are quiet. A request takes it back.</summary>
    ToSleep,
    FallingAsleep,
    Sleeping,
    ToWake,
    Waking,
    ToStop,
    Stopping,
    Gone,
}

internal sealed class SimulatedReplica(SimulatedModel model, string id, IReadOnlyList<string> gpus, int[] numbers)
{
    public SimulatedModel Model => model;

    public string Id => id;

    public IReadOnlyList<string> Gpus => gpus;

    /// <summary>The same, by their place in the fleet.</summary>
    public int[] Numbers => numbers;

    /// <summary>By its place in the fleet.</summary>
    public int Node { get; } = numbers[0] / TraceSettings.GpusPerNode;

    public SimulatedState State { get; set; } = SimulatedState.ToStart;

    /// <summary>Grows with every change of state: events of an older one mean nothing.</summary>
    public int Stamp { get; set; }

    /// <summary>Without a request, and so known to the policy.</summary>
    public bool IsIdle { get; set; }

    /// <summary>How deep it sleeps, or did last.</summary>
    public int Level { get; set; } = 1;

    /// <summary>In its node's memory, for level-1 sleep.</summary>
    public long HostBytes { get; set; }

    /// <summary>Waiting seconds that level 1 would save for each second asleep, as of its last sleep; 0 before the first.</summary>
    public double HostSaves { get; set; }

    public double ActiveSince { get; set; }

    /// <summary>When a place was found for the present start or wake.</summary>
    public double RiseBegan { get; set; }

    /// <summary>When its gpus' other memory transitions were over.</summary>
    public double TurnCame { get; set; }

    /// <summary>It sleeps, or did when it was told to stop: it holds its residue only.</summary>
    public bool WasAsleep { get; set; }

    public Worth Worth { get; set; }

    /// <summary>How likely its model is used soon.</summary>
    public double ChanceSoon { get; set; } = 1;

    /// <summary>It is not about to go.</summary>
    public bool IsStaying => State is not (SimulatedState.ToStop or SimulatedState.Stopping or SimulatedState.Gone);

    public double SharesHeld { get; set; }

    public HoldingUse Use { get; set; }
}
