namespace Podvirt.Simulator.Engine;

/// <summary>How a generation came out.</summary>
internal enum GenerationOutcome
{
    Completed,

    /// <summary>The engine gave it up; the sink got every sequence's end.</summary>
    Aborted,

    /// <summary>The client is gone, or its connection was cut.</summary>
    ClientLeft,

    /// <summary>The sink was told of an engine failure.</summary>
    Failed,
}
