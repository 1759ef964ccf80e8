namespace Podvirt.Simulator.Engine;

/// <summary>Why a sequence ended.</summary>
internal enum FinishReason
{
    /// <summary>It has not ended.</summary>
    None,

    /// <summary>The natural end, or a stop string or stop token of the request.</summary>
    Stop,

    /// <summary>The request's token cap, or the context length.</summary>
    Length,

    /// <summary>The engine gave it up: it fell asleep or shut down.</summary>
    Abort,

    /// <summary>The engine failed.</summary>
    Error,
}

internal static class FinishReasons
{
    public static string Name(this FinishReason reason) => reason switch
    {
        FinishReason.Stop => "stop",
        FinishReason.Length => "length",
        FinishReason.Abort => "abort",
        FinishReason.Error => "error",
        _ => throw new ArgumentOutOfRangeException(nameof(reason), reason, "a sequence that runs has no finish reason"),
    };
}
