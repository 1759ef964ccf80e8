namespace Podvirt.Simulator.Sleep;

/// <summary>What <c>/sleep</c> does with the requests that are running.</summary>
internal enum SleepMode
{
    /// <summary>They end with finish reason abort.</summary>
    Abort,

    /// <summary>They finish first.</summary>
    Wait,

    /// <summary>They stop where they are and go on after the wake.</summary>
    Keep,
}

/// <summary>What is missing while the engine is not awake.</summary>
[Flags]
internal enum Asleep
{
    Nothing = 0,
    Weights = 1,
    KvCache = 2,
    All = Weights | KvCache,
}
